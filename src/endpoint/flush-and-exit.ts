/** The end of a process that loses nothing of what it has said. */
import { systemClock, type Timer } from '../base/clock.ts';
import { checkMs } from './check-options.ts';

/** A peer or a channel of plain messages. */
export interface Speaker {
  /** Resolves when all that it has accepted so far, also what waits for room, is with the operating system, or never will be. */
  flushed(): Promise<unknown>;
  /** Grows while what it has accepted gets anywhere. */
  readonly writes: number;
  readonly closed: Promise<unknown>;
}

/** Those of this process that are open. */
const open = new Set<Speaker>();

/** From now on, until it is closed, the process does not exit before it is flushed. */
export function flushBeforeExit(speaker: Speaker): void {
  open.add(speaker);
  void speaker.closed.then(() => open.delete(speaker));
}

/**
 * Ends the process once all that was sent is with the operating system: also what waits for room, or for the other end's
 * hello, on every open channel; and what was written to stdout and stderr. `process.exit` alone cuts off what is still
 * buffered (nodejs/node#6767).
 *
 * It waits for as long as anything moves. Where in `timeoutMs` (default 5000) nothing has, because nobody reads, it ends all
 * the same: with a line on stderr, and with 1 in the place of 0. Infinity: never.
 */
export async function flushAndExit(
  code: number = 0,
  { timeoutMs = 5000 }: { timeoutMs?: number } = {},
): Promise<never> {
  checkMs('timeoutMs', timeoutMs);
  const speakers = [...open];
  const streams = [process.stdout, process.stderr];
  const flushed = Promise.all([...speakers.map((speaker) => speaker.flushed()), ...streams.map(written)]);
  const marks = (): number[] => [
    ...speakers.map(({ writes }) => writes),
    ...streams.map(({ writableLength }) => -writableLength),
  ];
  const isFlushed = await whileRising(marks, flushed, timeoutMs);
  if (isFlushed) process.exit(code);
  process.stderr.write(
    `kindred: flushAndExit gave up, and what waited is lost: nobody took any of it for ${timeoutMs} ms\n`,
  );
  process.exit(code === 0 ? 1 : code);
}

/** Whether the work ends; false where for so long none of the marks has risen. */
async function whileRising(marks: () => number[], work: Promise<unknown>, ms: number): Promise<boolean> {
  let timer: Timer | undefined;
  const stuck = new Promise<boolean>((resolve) => {
    const lookAgain = (before: readonly number[]): void => {
      timer = systemClock.after(ms, () => {
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

function written(stream: NodeJS.WriteStream): Promise<void> {
  return new Promise((resolve) => {
    if (stream.destroyed || stream.writableLength === 0) resolve();
    else stream.write('', () => resolve());
  });
}
