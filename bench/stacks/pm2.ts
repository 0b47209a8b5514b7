/** PM2 in its cluster mode, by its own command, with a home of its own. */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { execFile, isAlive } from 'kindred/process';
import type { MakeSupervised } from './supervised.ts';

const pm2Command = fileURLToPath(new URL('node_modules/pm2/bin/pm2', import.meta.url));
const program = (name: string): string => fileURLToPath(new URL(`programs/${name}`, import.meta.url));

/** `graceful`: with what its documentation asks of the program and of the config; else the program is left as it is. */
export const pm2 =
  (graceful: boolean): MakeSupervised =>
  (directory) => {
    const env = { ...process.env, PM2_HOME: directory, PM2_DISABLE_VERSION_CHECK: 'true', NODE_OPTIONS: '' };
    const run = async (...args: string[]) =>
      (
        await execFile(process.execPath, [pm2Command, '--silent', ...args], { cwd: directory, env })
      ).orThrow();
    const daemonPid = () => Number(readFileSync(join(directory, 'pm2.pid'), 'utf8'));
    const up = async (apps: object[]) => {
      const file = join(directory, 'stack.config.json');
      writeFileSync(file, JSON.stringify({ apps }));
      await run('start', file);
    };
    return {
      name: graceful ? 'PM2 7, cluster mode, as documented' : 'PM2 7, cluster mode',
      upWeb: (port) =>
        up([
          {
            name: 'web',
            script: program('web.cjs'),
            instances: 2,
            exec_mode: 'cluster',
            env: { PORT: String(port), ...(graceful ? { GRACEFUL: '1' } : {}) },
            ...(graceful ? { wait_ready: true, listen_timeout: 30_000, kill_timeout: 10_000 } : {}),
          },
        ]),
      reload: async () => void (await run('reload', 'web')),
      upMany: (count, idle, startedDir) =>
        up(
          Array.from({ length: count }, (_, index) => ({
            name: `idle-${index + 1}`,
            script: program(idle === 'node' ? 'idle.cjs' : 'idle.sh'),
            ...(idle === 'node' ? {} : { interpreter: '/bin/sh' }),
            env: { STARTED_DIR: startedDir },
          })),
        ),
      ownPids: async () => [daemonPid()],
      async down() {
        const pid = daemonPid();
        await run('kill');
        for (const end = Date.now() + 10_000; isAlive({ pid }) && Date.now() < end; )
          await new Promise((resolve) => setTimeout(resolve, 50));
        if (isAlive({ pid })) process.kill(pid, 'SIGKILL');
      },
    };
  };
