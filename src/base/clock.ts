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

/** Lets go of its function once it is cancelled or has run: who keeps the timer keeps nothing else alive. */
class SystemTimer implements Timer {
  #handle: unknown;
  #run: (() => void) | undefined;
  #refd = true;

  constructor(ms: number, run: () => void) {
    this.#run = run;
    this.#wait(ms);
  }

  cancel(): void {
    clearTimeout(this.#handle as Parameters<typeof clearTimeout>[0]);
    this.#handle = undefined;
    this.#run = undefined;
  }

  unref(): void {
    this.#refd = false;
    (this.#handle as { unref?: () => void } | undefined)?.unref?.();
  }

  #wait(left: number): void {
    const isLast = left <= longestMs;
    this.#handle = setTimeout(
      () => {
        if (!isLast) return this.#wait(left - longestMs);
        const run = this.#run;
        this.#handle = undefined;
        this.#run = undefined;
        run?.();
      },
      isLast ? left : longestMs,
    );
    if (!this.#refd) this.unref();
  }
}

export const systemClock: Clock = {
  now: () => performance.now(),
  after: (ms, run) => new SystemTimer(ms, run),
};
