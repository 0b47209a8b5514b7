import { checked } from 'kindred';
import { z } from 'zod';

const item = z.object({ name: z.string(), price: z.number().optional() });

/** What so many of an item cost. */
export const price = checked({ params: [item, z.number()], result: z.number() }, (what, count) => {
  return (what.price ?? 1) * count;
});

/** Counts down to the sale. */
export async function* countdown(from: number) {
  while (from > 0) yield from--;
}
