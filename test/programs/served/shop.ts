// A service with schemas and comments, for the tests of the command.
import { checked } from 'kindred';
import { z } from 'zod';

const item = z.object({
  name: z.string().describe('As it stands on the label'),
  price: z.number().optional(),
  tags: z.array(z.enum(['new', 'old'])).default([]),
});

const part = z.object({
  name: z.string(),
  get parts(): z.ZodArray<typeof part> {
    return z.array(part);
  },
});

/**
 * Buys an item.
 *
 * So many of it.
 */
export const buy = checked(
  { params: [item, z.number().optional()], result: z.object({ paid: z.number(), when: z.date() }) },
  (what, count = 1) => ({ paid: (what.price ?? 0) * count, when: new Date(0) }),
);

export const parts = {
  /** Takes a thing apart. */
  of: checked({ params: [z.string()], result: part }, (name) => ({
    name,
    parts: [{ name: 'screw', parts: [] }],
  })),
  /**
   * Names, one after the other.
   * @deprecated ask for `of`
   */
  names: checked(
    { params: z.tuple([z.number()]).rest(z.string()), items: z.string() },
    async function* (count, ...names) {
      for (const name of names.slice(0, count)) yield name;
    },
  ),
  'with-dash': (a: number, b = 2) => a + b,
};

export const plain = (anything: unknown, ...more: unknown[]) => [anything, ...more];
