/**
 * Watches the parent of this process, in a thread beside the main one: there it sees the end of the parent also while the
 * process is busy, or hangs.
 *
 * ```
 *   watching --parent gone--> asked (SIGTERM; not where the process ends by itself) --its time is over--> killed
 * ```
 */
import { Socket } from 'node:net';
import type { WatchData } from './parent-watch.ts';
import { isAlive } from './process-identity.ts';

const lookEveryMs = 500;

export function begin({ tie, ownEnd }: WatchData): void {
  if (tie.fd !== undefined) {
    const socket = new Socket({ fd: tie.fd, readable: true, writable: false });
    socket
      .on('error', () => {})
      .once('close', end)
      .resume();
  } else look();

  function look(): void {
    if (isAlive(tie.parent)) setTimeout(look, lookEveryMs);
    else end();
  }

  function end(): void {
    if (Atomics.load(ownEnd, 0) === 0) process.kill(process.pid, 'SIGTERM');
    waitForEnd();
  }

  /** For as long as the process says that it is about to end; for the time of grace where it says nothing. */
  function waitForEnd(): void {
    const heard = Atomics.load(ownEnd, 1);
    setTimeout(() => {
      if (Atomics.load(ownEnd, 1) === heard) process.kill(process.pid, 'SIGKILL');
      else waitForEnd();
    }, Atomics.load(ownEnd, 0) || tie.graceMs);
  }
}
