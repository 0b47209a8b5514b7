/** What is wrong with the options of middleware is said when it is made, with `ERR_BAD_ARGUMENT`. */
import { KindredError } from '../../base/errors.ts';

export function checkCount(name: string, value: number, least: number = 1): void {
  if (Number.isSafeInteger(value) && value >= least) return;
  throw new KindredError(
    'ERR_BAD_ARGUMENT',
    `${name} is a whole number, ${least} or more, not ${String(value)}`,
  );
}

export function checkTime(name: string, value: number): void {
  if (typeof value === 'number' && Number.isFinite(value) && value > 0) return;
  throw new KindredError(
    'ERR_BAD_ARGUMENT',
    `${name} is a number of milliseconds above 0, not ${String(value)}`,
  );
}

export function checkPer(value: string): void {
  if (value === 'peer' || value === 'all') return;
  throw new KindredError('ERR_BAD_ARGUMENT', `per is peer or all, not ${JSON.stringify(value)}`);
}
