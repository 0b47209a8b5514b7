/** Middleware: how many calls may begin in a time. */
import { type Clock, systemClock } from '../../base/clock.ts';
import type { Middleware } from '../peer.ts';
import { checkCount, checkPer, checkTime } from './check-numbers.ts';
import { keptPer, type Per } from './kept.ts';
import { refused } from './refused.ts';

export interface RateLimitOptions {
  /** How many in `everyMs`; as many may come at once. */
  max: number;
  /** In milliseconds. Default 1000. */
  everyMs?: number | undefined;
  /** Default `peer`. */
  per?: Per | undefined;
  clock?: Clock | undefined;
}

/**
 * Refuses what comes faster than `max` calls and notifications in `everyMs`, each with `ERR_BUSY` (`not-sent`, retryable)
 * and `{ retryAfterMs }` as its `data`. Places come back evenly over the time, not all at its end.
 *
 * Throws `ERR_BAD_ARGUMENT`.
 */
export function rateLimit(options: RateLimitOptions): Middleware {
  const { max, everyMs = 1000, per = 'peer', clock = systemClock } = options;
  checkCount('max', max);
  checkTime('everyMs', everyMs);
  checkPer(per);
  const stepMs = everyMs / max;
  /** `full`: when all places will be free again. */
  const kept = keptPer(per, () => ({ full: Number.NEGATIVE_INFINITY }));
  return (next) => async (call) => {
    const now = clock.now();
    const rate = kept(call);
    const full = Math.max(rate.full, now) + stepMs;
    // What many additions are off by must not cost a place.
    const retryAfterMs = full - now - everyMs;
    if (retryAfterMs > stepMs / 1024)
      throw refused(call, 'ERR_BUSY', `more than ${max} calls in ${everyMs} ms`, {
        retryAfterMs: Math.ceil(retryAfterMs),
      });
    rate.full = full;
    return next(call);
  };
}
