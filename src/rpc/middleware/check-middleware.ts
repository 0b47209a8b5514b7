import { KindredError } from '../../base/errors.ts';
import type { Middleware } from '../peer.ts';

/** Throws `ERR_BAD_ARGUMENT` where it is no list of functions. */
export function checkMiddleware(middleware: readonly Middleware[]): void {
  if (!Array.isArray(middleware) || middleware.some((one) => typeof one !== 'function'))
    throw new KindredError(
      'ERR_BAD_ARGUMENT',
      'middleware is an array of functions, (next) => (call) => next(call)',
      { outcome: 'not-sent' },
    );
}
