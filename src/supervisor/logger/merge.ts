/** Several sources that are each in order, as one that is. */

/**
 * Each source gives its next items when it is asked, none at its end. Of items that are equal, those of the earlier source
 * come first.
 */
export async function* merge<T>(
  sources: readonly (() => Promise<readonly T[]>)[],
  compare: (a: T, b: T) => number,
): AsyncGenerator<T> {
  const heads = await Promise.all(sources.map(async (next) => ({ next, items: await next(), at: 0 })));
  for (;;) {
    let first: { items: readonly T[]; at: number; next: () => Promise<readonly T[]> } | undefined;
    for (const head of heads) {
      if (head.at >= head.items.length) continue;
      if (first === undefined || compare(head.items[head.at] as T, first.items[first.at] as T) < 0)
        first = head;
    }
    if (first === undefined) return;
    yield first.items[first.at] as T;
    first.at++;
    if (first.at < first.items.length) continue;
    first.items = await first.next();
    first.at = 0;
  }
}
