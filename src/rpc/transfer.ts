/** Objects inside a result that move to the caller. */
const lists = new WeakMap<object, readonly object[]>();

/**
 * Marks objects inside a result to be moved to the caller instead of copied, where the channel can (a thread).
 * Returns the value itself.
 */
export function transfer<T extends object>(value: T, list: readonly object[]): T {
  lists.set(value, list);
  return value;
}

export function transferOf(value: unknown): readonly object[] | undefined {
  return typeof value === 'object' && value !== null ? lists.get(value) : undefined;
}
