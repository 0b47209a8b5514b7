/** How long to wait before an instance that has ended is started again. */
import { type Backoff, backoffMs } from '../../base/backoff.ts';

export interface RestartDelay extends Backoff {
  /** After so long in health it counts from the start again, in milliseconds. */
  readonly resetAfterMs: number;
}

/** Failures in a row, the one that has just been included; `healthyMs`: how long it had been ready and healthy at the last, 0 where it never was. */
export function failuresInRow(before: number, healthyMs: number, { resetAfterMs }: RestartDelay): number {
  return healthyMs >= resetAfterMs ? 1 : before + 1;
}

/**
 * Full jitter: any part of a time that doubles with each failure in a row, so that what fell together does not start
 * together. `random`: 0 to 1.
 */
export function restartDelayMs(failures: number, delay: RestartDelay, random: () => number): number {
  return Math.round(random() * backoffMs(failures, delay));
}
