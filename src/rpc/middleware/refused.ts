/**
 * Calls that a service turns away before their function runs. Only what middleware has marked here goes out as a word of
 * this library about the call (`not-sent`); the same error thrown by a function is a failure like any other.
 */
import { type ErrorCode, KindredError } from '../../base/errors.ts';
import type { MiddlewareCall } from '../peer.ts';

const refusals = new WeakSet<object>();

/** An error to throw in the place of `next(call)`: the call has not run, on either side. */
export function refused(
  call: MiddlewareCall,
  code: ErrorCode,
  message: string,
  data?: unknown,
): KindredError {
  const error = new KindredError(code, `${call.method}: ${message}`, { outcome: 'not-sent', data });
  if (call.direction === 'in') refusals.add(error);
  return error;
}

/** Asks nothing of what was thrown, which may be a trap. */
export function isRefused(thrown: unknown): thrown is KindredError {
  return typeof thrown === 'object' && thrown !== null && refusals.has(thrown);
}
