/** Time as an argument, so that a test can stage every lateness. */

export interface Timer {
  cancel(): void;
  /** The timer no longer keeps the process alive, where the runtime knows such a thing. */
  unref(): void;
}

export interface Clock {
  /** Milliseconds on a monotonic clock of unknown origin. */
  now(): number;
  /** Calls `run` once, no earlier than `ms` milliseconds from now. */
  after(ms: number, run: () => void): Timer;
}

/** The most that `setTimeout` can wait; it takes more for nothing at all. */
const longestMs = 2 ** 31 - 1;

export const systemClock: Clock = {
  now: () => performance.now(),
  after(ms, run) {
    let handle: unknown;
    let refd = true;
    const unref = (): void => {
      refd = false;
      (handle as { unref?: () => void }).unref?.();
    };
    const wait = (left: number): void => {
      if (left <= longestMs) handle = setTimeout(run, left);
      else handle = setTimeout(() => wait(left - longestMs), longestMs);
      if (!refd) unref();
    };
    wait(ms);
    return { cancel: () => clearTimeout(handle as Parameters<typeof clearTimeout>[0]), unref };
  },
};
