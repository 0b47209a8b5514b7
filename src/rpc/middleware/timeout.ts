/** Middleware: the most that a call may take. */

import type { Middleware } from '../peer.ts';
import { checkTime } from './check-numbers.ts';

/**
 * Bounds each call to `timeoutMs` milliseconds, where it has no shorter bound of its own. Out: as the option of this name.
 * In: the function's signal fires, its own calls inherit the bound, and the caller gets `ERR_TIMEOUT` (`unknown`) even
 * where the function goes on. There it is the time until the result; a stream may take longer.
 *
 * Throws `ERR_BAD_ARGUMENT`.
 */
export function timeout(timeoutMs: number): Middleware {
  checkTime('timeout', timeoutMs);
  return (next) => (call) =>
    next({ ...call, timeoutMs: Math.min(timeoutMs, call.timeoutMs ?? Number.POSITIVE_INFINITY) });
}
