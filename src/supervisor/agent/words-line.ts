/** The line that words are written to: never waits, and drops what there is no room for. */
import { closeSync, constants, fstatSync, openSync } from 'node:fs';

export interface WordsLine {
  fd: number;
  /** Writing to it fails where it would have to wait. */
  isNonBlocking: boolean;
}

/** Undefined where the variable names no FIFO. */
export function openWords(told: string | undefined): WordsLine | undefined {
  const fd = Number(/^fd:(\d{1,7})$/.exec(told ?? '')?.[1] ?? Number.NaN);
  try {
    if (Number.isNaN(fd) || !fstatSync(fd).isFIFO()) return undefined;
  } catch {
    return undefined;
  }
  try {
    // Opened anew, so that whether it waits is nobody else's setting, and so that no child gets it.
    const own = openSync(`/proc/self/fd/${fd}`, constants.O_WRONLY | constants.O_NONBLOCK);
    closeSync(fd);
    return { fd: own, isNonBlocking: true };
  } catch {
    // No /proc, or a FIFO that this user may not open.
    return { fd, isNonBlocking: false };
  }
}
