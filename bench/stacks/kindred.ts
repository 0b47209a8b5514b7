/** Kindred, by its own command. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { execFile } from 'kindred/process';
import type { StackStatus } from 'kindred/supervisor';
import type { MakeSupervised } from './supervised.ts';

const kindredCommand = fileURLToPath(new URL('../../packages/cli/bin/from-source.js', import.meta.url));
const program = (name: string): string => fileURLToPath(new URL(`programs/${name}`, import.meta.url));

export const kindred: MakeSupervised = (directory) => {
  const env = {
    ...process.env,
    KINDRED_RUNTIME_DIR: join(directory, 'run'),
    XDG_STATE_HOME: join(directory, 'state'),
  };
  const run = async (...args: string[]) =>
    (await execFile(process.execPath, [kindredCommand, ...args], { cwd: directory, env })).orThrow();
  const up = async (stack: object) => {
    writeFileSync(join(directory, 'kindred.config.json'), JSON.stringify({ name: 'bench', ...stack }));
    await run('up', '--detach');
  };
  const status = async (): Promise<StackStatus> => JSON.parse((await run('ps', '--json')).stdout);
  return {
    name: 'Kindred',
    upWeb: (port) =>
      up({
        listeners: { web: `tcp://127.0.0.1:${port}` },
        services: {
          web: {
            fork: program('web.cjs'),
            instances: 2,
            listen: ['web'],
            env: { PORT: port },
          },
        },
      }),
    reload: async () => void (await run('reload', 'web')),
    upMany: (count, startedDir) =>
      up({
        services: Object.fromEntries(
          Array.from({ length: count }, (_, index) => [
            `idle-${index + 1}`,
            { fork: program('idle.cjs'), env: { STARTED_DIR: startedDir } },
          ]),
        ),
      }),
    async ownPids() {
      const { keeper, brain } = await status();
      return [brain.pid, ...(keeper ? [keeper.pid] : [])];
    },
    down: async () => void (await run('down')),
  };
};
