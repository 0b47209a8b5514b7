/** A service of the stack: its exports are what others call. */
const prices = new Map([
  ['apple', 0.5],
  ['melon', 3],
]);

export function priceOf(fruit: string): number | undefined {
  return prices.get(fruit);
}
