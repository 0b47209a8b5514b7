/** How long one call takes there and back, in microseconds: the median of some, after a few that do not count. */
export async function medianRoundTripUs(call: () => Promise<unknown>): Promise<number> {
  const [warmUps, samples] = [200, 500];
  const times: number[] = [];
  for (let n = -warmUps; n < samples; n++) {
    const start = performance.now();
    await call();
    if (n >= 0) times.push((performance.now() - start) * 1000);
  }
  return times.sort((a, b) => a - b)[samples / 2] ?? Number.NaN;
}
