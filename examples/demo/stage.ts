/** What the demo has opened, and how all of it is closed again. */
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connect, KindredError, type ServeOptions, type Server, serve } from 'kindred';
import { leftovers } from './leftovers.ts';
import type { Started } from './places.ts';
import { createService, type Service } from './served.ts';

export interface Stage extends Service {
  /** A name on this machine that nobody else has. */
  readonly local: string;
  /** For certificates; only this user can read it. */
  readonly folder: string;
  /** Serves there, and gives the address back: with the real port. */
  open(address: string, tls?: ServeOptions['tls']): Promise<string>;
  /** Remembers what was started until the end. */
  started<T extends Pick<Started, 'pid' | 'stop'>>(one: T): T;
  /** Closes and stops whatever is still there. */
  close(): Promise<void>;
  /** What is left behind, in words; nothing, after `close`. */
  lookAround(): Promise<string[]>;
}

export function createStage(): Stage {
  const resources = resourcesAtStart();
  const folder = mkdtempSync(join(tmpdir(), 'kindred-demo-'));
  // Names live in a directory of the user that stays. The demo brings its own, so that it leaves nothing at all.
  process.env['KINDRED_RUNTIME_DIR'] ??= join(folder, 'run');
  const local = `local:demo-${process.pid}`;
  const servers: Server[] = [];
  const all: Pick<Started, 'pid' | 'stop'>[] = [];
  const made = createService();

  return {
    ...made,
    local,
    folder,
    async open(address, tls) {
      const server = await serve(address, made.service, { tls });
      servers.push(server);
      return server.address;
    },
    started(one) {
      all.push(one);
      return one;
    },
    async close() {
      for (const server of servers) await server.close();
      for (const one of all) await one.stop();
      rmSync(folder, { recursive: true, force: true });
    },
    async lookAround() {
      const pids = all.flatMap(({ pid }) => pid ?? []);
      const found = await leftovers(pids, resources);
      if (existsSync(folder)) found.push(folder);
      if (await isServed(local)) found.push(local);
      return found;
    },
  };
}

/** What this process has from its start on: its standard streams, once they are used, and the timer of a step. */
function resourcesAtStart(): string[] {
  process.stdout.write('');
  process.stderr.write('');
  return [...process.getActiveResourcesInfo(), 'Timeout'];
}

async function isServed(address: string): Promise<boolean> {
  try {
    await (await connect(address)).close();
    return true;
  } catch (error) {
    return !(error instanceof KindredError && error.code === 'ERR_NOT_REACHABLE');
  }
}
