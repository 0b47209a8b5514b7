/** The end of a process that loses nothing of what it has said. */
import { progress, whileRising, written } from '../process/flush-output.ts';
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
  const marks = (): number[] => [...speakers.map(({ writes }) => writes), ...streams.map(progress)];
  const isFlushed = await whileRising(flushed, marks, timeoutMs);
  if (isFlushed) process.exit(code);
  process.stderr.write(
    `kindred: flushAndExit gave up, and what waited is lost: nobody took any of it for ${timeoutMs} ms\n`,
  );
  process.exit(code === 0 ? 1 : code);
}
