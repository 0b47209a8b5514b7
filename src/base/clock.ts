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

export const systemClock: Clock = {
  now: () => performance.now(),
  after(ms, run) {
    const handle: unknown = setTimeout(run, ms);
    return {
      cancel: () => clearTimeout(handle as Parameters<typeof clearTimeout>[0]),
      unref: () => (handle as { unref?: () => void }).unref?.(),
    };
  },
};
