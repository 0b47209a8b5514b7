/** Middleware: calls that are made again. */
import { backoffMs } from '../../base/backoff.ts';
import { type Clock, systemClock } from '../../base/clock.ts';
import { KindredError } from '../../base/errors.ts';
import { pause } from '../../base/pause.ts';
import type { Middleware, MiddlewareCall } from '../peer.ts';
import { cancelledBy } from '../pending-call.ts';
import { isRepeatable } from '../repeatable.ts';
import { checkCount, checkTime } from './check-numbers.ts';
import { timeLeft } from './time-left.ts';

export interface RetryOptions {
  /** How often a call is made, the first time included. Default 3. */
  attempts?: number | undefined;
  /** The most that is waited after the first failure, in milliseconds; twice as long after each further one. Default 100. */
  firstMs?: number | undefined;
  /** The most that is ever waited, in milliseconds. Default 10,000. */
  maxMs?: number | undefined;
  /** Functions that may run twice. Default: none but the calls made with `idempotent`. */
  idempotent?: readonly string[] | undefined;
  clock?: Clock | undefined;
  /** 0 to 1: which part of the wait is waited, so that many callers do not come back at once. Default `Math.random`. */
  random?: (() => number) | undefined;
}

/**
 * Makes a call again that failed with a `retryable` error: one that was `not-sent`; any other only where it is marked as
 * idempotent, by its caller or by name, and its arguments hold no stream and no function, and nothing of them was moved.
 * Never beyond the call's own time. What comes in goes through as it is.
 *
 * Throws `ERR_BAD_ARGUMENT`.
 */
export function retry(options: RetryOptions = {}): Middleware {
  const { attempts = 3, firstMs = 100, maxMs = 10_000, clock = systemClock, random = Math.random } = options;
  checkCount('attempts', attempts);
  checkTime('firstMs', firstMs);
  checkTime('maxMs', maxMs);
  const idempotent = new Set(options.idempotent);
  return (next) => async (call) => {
    if (call.direction === 'in') return next(call);
    const left = timeLeft(call, clock);
    for (let failures = 1; ; failures++) {
      try {
        return await next(failures === 1 ? call : { ...call, timeoutMs: left() });
      } catch (error) {
        if (failures >= attempts || !mayRepeat(error, call, idempotent)) throw error;
        const waitMs = random() * backoffMs(failures, { firstMs, maxMs });
        if (waitMs >= (left() ?? Number.POSITIVE_INFINITY)) throw error;
        const { signal, method } = call;
        await pause(waitMs, clock, signal);
        if (signal?.aborted === true)
          throw cancelledBy(signal, method).withOutcome((error as KindredError).outcome ?? 'unknown');
      }
    }
  };
}

function mayRepeat(error: unknown, call: MiddlewareCall, idempotent: ReadonlySet<string>): boolean {
  if (!(error instanceof KindredError) || !error.retryable) return false;
  if (call.peer.state === 'closed' || call.signal?.aborted === true) return false;
  if (error.outcome === 'not-sent') return true;
  return (call.idempotent || idempotent.has(call.method)) && isRepeatable(call.args);
}
