/** Kindred, by its own command. */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { execFile } from 'kindred/process';
import type { StackStatus } from 'kindred/supervisor';
import { childrenOf, type MakeSupervised } from './supervised.ts';

const program = (name: string): string => fileURLToPath(new URL(`programs/${name}`, import.meta.url));

/** `command`: the program, as it is published. */
export const kindred =
  (command: string): MakeSupervised =>
  (directory) => {
    const env = {
      ...process.env,
      // Of the sources, by which this benchmark runs.
      NODE_OPTIONS: '',
      KINDRED_RUNTIME_DIR: join(directory, 'run'),
      XDG_STATE_HOME: join(directory, 'state'),
    };
    const run = async (...args: string[]) =>
      (await execFile(process.execPath, [command, ...args], { cwd: directory, env })).orThrow();
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
      upMany: (count, idle, startedDir) =>
        up({
          services: Object.fromEntries(
            Array.from({ length: count }, (_, index) => [
              `idle-${index + 1}`,
              {
                ...(idle === 'node'
                  ? { fork: program('idle.cjs') }
                  : { run: ['/bin/sh', program('idle.sh')] }),
                env: { STARTED_DIR: startedDir },
              },
            ]),
          ),
        }),
      async ownPids() {
        const { keeper, brain } = await status();
        if (keeper === undefined) throw new Error('the brain has no keeper');
        const isLogger = (pid: number): boolean =>
          readFileSync(`/proc/${pid}/cmdline`, 'utf8').includes('logger-main');
        return [keeper.pid, brain.pid, ...childrenOf(keeper.pid).filter(isLogger)];
      },
      down: async () => void (await run('down')),
    };
  };
