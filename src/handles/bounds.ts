/** The numbers that a user may set to bound something. */
import { KindredError } from '../base/errors.ts';

/** A whole number from 1, or Infinity. Throws `ERR_BAD_ARGUMENT` with the name of the option. */
export function countOf(name: string, given: number | undefined, usual: number): number {
  const count = given ?? usual;
  if (count === Number.POSITIVE_INFINITY || (Number.isInteger(count) && count >= 1)) return count;
  throw new KindredError('ERR_BAD_ARGUMENT', `${name} is a whole number from 1, not ${String(given)}`);
}

/** Milliseconds, more than none. Throws `ERR_BAD_ARGUMENT` with the name of the option. */
export function msOf(name: string, given: number | undefined, usual: number): number {
  const ms = given ?? usual;
  if (typeof ms === 'number' && ms > 0) return ms;
  throw new KindredError(
    'ERR_BAD_ARGUMENT',
    `${name} is a time in milliseconds above 0, not ${String(given)}`,
  );
}
