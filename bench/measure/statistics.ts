/** The few figures of statistics that the benchmark uses. */

/** A middle value, and how far the others lie from it. */
export interface Spread {
  median: number;
  least: number;
  most: number;
  /** Of how many values. */
  of: number;
}

export function spread(values: readonly number[]): Spread {
  if (values.length === 0) return { median: Number.NaN, least: Number.NaN, most: Number.NaN, of: 0 };
  const sorted = [...values].sort((a, b) => a - b);
  return {
    median: quantile(sorted, 0.5),
    least: sorted[0] as number,
    most: sorted.at(-1) as number,
    of: sorted.length,
  };
}

/** The value below which a share of the sorted values lies; between two values, in proportion. */
export function quantile(sorted: ArrayLike<number>, share: number): number {
  if (sorted.length === 0) return Number.NaN;
  const place = Math.min(Math.max(share, 0), 1) * (sorted.length - 1);
  const below = sorted[Math.floor(place)] as number;
  const above = sorted[Math.ceil(place)] as number;
  return below + (above - below) * (place % 1);
}

/** Half the width of the spread, as a share of the median: 0.05 says "give or take 5 %". */
export function giveOrTake({ median, least, most }: Spread): number {
  return median === 0 ? 0 : (most - least) / 2 / Math.abs(median);
}
