/**
 * Middleware: how many calls may run at once.
 *
 * ```
 *   arrives --a place is free--> runs --settled, the streams of its result ended--> leaves: the first that waits runs
 *      \---- all are taken ----> waits --signal, time--> fails
 *       \-- too many wait already --> ERR_BUSY
 * ```
 */
import { type Clock, systemClock } from '../../base/clock.ts';
import { Fifo } from '../../base/fifo.ts';
import type { Middleware, MiddlewareCall } from '../peer.ts';
import { isSource } from '../streams.ts';
import { checkCount, checkPer } from './check-numbers.ts';
import { keptPer, type Per } from './kept.ts';
import { refused } from './refused.ts';
import { timeLeft, type Wait, waitWith } from './time-left.ts';

export interface ConcurrencyLimitOptions {
  /** How many run at once. */
  max: number;
  /** How many more wait, in their order; then `ERR_BUSY`. Default 1024. */
  maxWaiting?: number | undefined;
  /** Default `all`. */
  per?: Per | undefined;
  clock?: Clock | undefined;
}

/**
 * Lets `max` calls run at once; others wait for as long as their callers do. In: a call runs until its function has
 * settled and the streams of its result have ended. Out: until it has settled.
 *
 * Throws `ERR_BAD_ARGUMENT`. Calls fail with `ERR_BUSY` (`not-sent`, retryable).
 */
export function concurrencyLimit(options: ConcurrencyLimitOptions): Middleware {
  const { max, maxWaiting = 1024, per = 'all', clock = systemClock } = options;
  checkCount('max', max);
  checkCount('maxWaiting', maxWaiting, 0);
  checkPer(per);
  const gateOf = keptPer(per, () => new Gate(max, maxWaiting));
  return (next) => async (call) => {
    const gate = gateOf(call);
    let turn = call;
    if (!gate.enter()) {
      const left = timeLeft(call, clock);
      await gate.wait(call, left(), clock);
      turn = { ...call, timeoutMs: left() };
    }
    let streams = false;
    try {
      const value = await next(turn);
      streams = call.direction === 'in' && isSource(value);
      if (streams) call.onOver(() => gate.leave());
      return value;
    } finally {
      if (!streams) gate.leave();
    }
  };
}

class Gate {
  readonly #max: number;
  readonly #maxWaiting: number;
  readonly #waiting = new Fifo<Wait>();
  #running = 0;

  constructor(max: number, maxWaiting: number) {
    this.#max = max;
    this.#maxWaiting = maxWaiting;
  }

  /** False where no place is free. */
  enter(): boolean {
    if (this.#running >= this.#max) return false;
    this.#running++;
    return true;
  }

  /** Resolves with a place. */
  async wait(call: MiddlewareCall, leftMs: number | undefined, clock: Clock): Promise<void> {
    if (this.#waiting.size >= this.#maxWaiting)
      throw refused(
        call,
        'ERR_BUSY',
        `${this.#max} calls run (max) and ${this.#waiting.size} wait (maxWaiting)`,
      );
    const wait = waitWith(call, leftMs, clock);
    this.#waiting.push(wait);
    try {
      await wait.over;
    } catch (error) {
      // Where it has been given a place at the very moment, the next one gets it.
      if (this.#waiting.take((one) => one === wait).length === 0) this.leave();
      throw error;
    }
  }

  /** Hands the place on, or frees it. */
  leave(): void {
    const first = this.#waiting.shift();
    if (first === undefined) this.#running--;
    else first.end();
  }
}
