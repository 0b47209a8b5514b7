/**
 * What a program has printed is with the operating system before the program ends: a pipe takes 64 KiB at a time, and
 * `process.exit` cuts off the rest (nodejs/node#784).
 */
import { type Clock, systemClock, type Timer } from '../base/clock.ts';

/** Waits until all that was sent or printed is with the operating system. False: it gave up, and what waited is lost. */
export type Flush = () => Promise<boolean>;

type Output = Pick<NodeJS.WriteStream, 'destroyed' | 'writableLength' | 'write'>;

/**
 * Waits until stdout and stderr are written, for as long as their readers take any of it, however slow they are.
 * Resolves to false where in `timeoutMs` (default 5000) nobody has taken any.
 */
export function flushOutput({
  timeoutMs = 5000,
  streams = [process.stdout, process.stderr],
  clock = systemClock,
}: {
  timeoutMs?: number | undefined;
  streams?: readonly Output[];
  clock?: Clock;
} = {}): Promise<boolean> {
  return whileRising(Promise.all(streams.map(written)), () => streams.map(progress), timeoutMs, clock);
}

/** Whether the work ends; false where for so long none of the marks has risen. */
export async function whileRising(
  work: Promise<unknown>,
  marks: () => readonly number[],
  ms: number,
  clock: Clock = systemClock,
): Promise<boolean> {
  let timer: Timer | undefined;
  const stuck = new Promise<boolean>((resolve) => {
    const lookAgain = (before: readonly number[]): void => {
      timer = clock.after(ms, () => {
        const now = marks();
        if (now.every((mark, i) => mark <= (before[i] as number))) resolve(false);
        else lookAgain(now);
      });
    };
    lookAgain(marks());
  });
  const isDone = await Promise.race([work.then(() => true), stuck]);
  timer?.cancel();
  return isDone;
}

/** Resolves when all that was written so far is with the operating system, or never will be. */
export function written(stream: Output): Promise<void> {
  return new Promise((resolve) => {
    if (stream.destroyed || stream.writableLength === 0) resolve();
    else stream.write('', () => resolve());
  });
}

/** Rises while the stream gets rid of anything. */
export function progress(stream: Output): number {
  // A chunk counts in `writableLength` until the last byte of it is gone; how far the system is with it, the handle knows.
  const { _handle: handle } = stream as { _handle?: { writeQueueSize?: number } | null };
  return -stream.writableLength - (handle?.writeQueueSize ?? 0);
}
