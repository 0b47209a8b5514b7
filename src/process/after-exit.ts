/**
 * What a child has written is read to its end, also where that never comes: a process that the child has started may hold
 * its streams open long after it (measured).
 */
import type { ChildProcess } from 'node:child_process';
import type { Readable } from 'node:stream';
import { type Clock, systemClock } from '../base/clock.ts';

/** After the child's exit: how long to wait for the next of what it had written, in milliseconds. */
const lingerMs = 500;

/** Runs once the child has ended and nothing more arrives. Not where the stream comes to its end by itself. */
export function whenSilent(
  child: ChildProcess,
  readable: Readable,
  run: () => void,
  clock: Clock = systemClock,
): void {
  const arrived = (): number => (readable as { bytesRead?: number }).bytesRead ?? 0;
  const look = (before: number): void => {
    clock
      .after(lingerMs, () => {
        if (readable.destroyed || readable.readableEnded) return;
        // A reader that is paused has not heard all yet.
        if (arrived() > before || readable.isPaused()) look(arrived());
        else run();
      })
      .unref();
  };
  if (child.exitCode !== null || child.signalCode !== null) look(arrived());
  else child.once('exit', () => look(arrived()));
}

/** Resolves when the stream has ended, was destroyed, or will say nothing more now that the child has ended. */
export function whenRead(child: ChildProcess, readable: Readable, clock?: Clock): Promise<void> {
  return new Promise((resolve) => {
    if (readable.readableEnded || readable.destroyed) return resolve();
    readable.once('end', resolve).once('close', resolve);
    whenSilent(child, readable, resolve, clock);
  });
}
