/** Functions that fail in different ways. */
let left = 100;

// #region withdraw
export function withdraw(sum: number): number {
  if (sum > left) throw Object.assign(new RangeError(`only ${left} are left`), { data: { left } });
  left -= sum;
  return left;
}
// #endregion

/** Says that it has begun, and never ends. */
export async function freeze(begun: () => unknown): Promise<void> {
  await begun();
  await new Promise(() => {});
}
