/**
 * One keeper for one directory: held by a lock of the kernel, which goes with its holder however that ends, and by a pid
 * file, which says who it is.
 */
import { rmdirSync } from 'node:fs';
import { join } from 'node:path';
import { KindredError } from '../../base/errors.ts';
import { holderOf, writePidFile } from '../../process/pid-file.ts';
import { withLock } from '../../transports/name-lock.ts';
import { ensureRuntimeDirectory, runtimeDirectory } from '../../transports/runtime-directory.ts';

/** Makes the directory (mode 0700). Returns the release, which removes it where it is empty. Throws `ERR_ALREADY_RUNNING`, naming the pid in `data`, and `ERR_UNSAFE_DIRECTORY`. */
export async function lockStack(directory: string): Promise<() => void> {
  const locks = runtimeDirectory();
  ensureRuntimeDirectory(locks);
  const release = await new Promise<() => void>((resolve, reject) => {
    const held = (): Promise<void> => new Promise((free) => resolve(free));
    withLock(locks, `keeper:${directory}`, held, { timeoutMs: 0 }).catch(reject);
  }).catch(async (error: KindredError) => {
    throw error.code === 'ERR_TIMEOUT' ? await runningAlready(directory) : error;
  });
  try {
    ensureRuntimeDirectory(directory);
    const file = writePidFile(pidFileOf(directory), { mode: 0o600 });
    return () => {
      file.remove();
      try {
        rmdirSync(directory);
      } catch {
        // Somebody has put something there.
      }
      release();
    };
  } catch (error) {
    release();
    throw error;
  }
}

/** Who holds it has written it down, or is about to. */
export async function runningAlready(directory: string): Promise<KindredError> {
  let holder = holderOf(pidFileOf(directory));
  for (let tries = 0; holder === undefined && tries < 100; tries++) {
    await new Promise((resolve) => setTimeout(resolve, 10));
    holder = holderOf(pidFileOf(directory));
  }
  const who = holder === undefined ? 'another process' : `process ${holder.pid}`;
  return new KindredError(
    'ERR_ALREADY_RUNNING',
    `the stack in ${directory} is kept by ${who} already: end it first (kindred down)`,
    holder === undefined ? {} : { data: { pid: holder.pid } },
  );
}

export function pidFileOf(directory: string): string {
  return join(directory, 'keeper.pid');
}
