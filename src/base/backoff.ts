/** How long to wait before the next try of what has failed. */

export interface Backoff {
  /** After the first failure, in milliseconds. */
  firstMs: number;
  /** The most, however often it fails, in milliseconds. */
  maxMs: number;
}

/** Twice as long after each failure in a row, up to a bound; 0 where the last try succeeded. */
export function backoffMs(failures: number, { firstMs, maxMs }: Backoff): number {
  return failures <= 0 ? 0 : Math.min(maxMs, firstMs * 2 ** (failures - 1));
}
