/** Failures of a health check, and samples above a memory limit: only so many in a row mean something. */

export interface Row {
  /** How often in a row it was bad. */
  readonly bad: number;
  /** `good`; `doubtful`: bad, but not often enough; `bad`: this time it was once too often. Later ones are `bad` too. */
  readonly verdict: 'good' | 'doubtful' | 'bad';
}

/** `times`: in a row, this one included. */
export function inARow(before: number, isBad: boolean, times: number): Row {
  if (!isBad) return { bad: 0, verdict: 'good' };
  const bad = Math.min(before + 1, times);
  return { bad, verdict: bad >= times ? 'bad' : 'doubtful' };
}
