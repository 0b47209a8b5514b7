/** What the peers under test offer: functions of every kind that a service may have. None of them trusts its arguments. */
import { currentCall } from '../../src/endpoint/runtime.ts';

export const service = {
  echo: (...args: unknown[]): unknown => args[0],
  add: (a: number, b: number): number => a + b,
  fail(text: unknown): never {
    throw new RangeError(String(typeof text === 'string' ? text : typeof text), { cause: text });
  },
  async later(value: unknown): Promise<unknown> {
    await null;
    return value;
  },
  async *count(to: unknown) {
    const last = typeof to === 'number' ? Math.min(to, 200) : 3;
    for (let i = 0; i < last; i++) yield i;
  },
  /** Until its caller gives up or is gone. */
  never: (): Promise<void> =>
    new Promise((resolve) => currentCall().signal.addEventListener('abort', () => resolve(), { once: true })),
  /** Takes a stream of the caller's. */
  async sum(items: unknown): Promise<number> {
    let sum = 0;
    if (isIterable(items)) for await (const item of items) sum += typeof item === 'number' ? item : 1;
    return sum;
  },
  /** Calls a function of the caller's. */
  async back(run: unknown): Promise<unknown> {
    return typeof run === 'function' ? await (run as (n: number) => unknown)(1) : undefined;
  },
  /** The same, and does not wait for it. */
  tell(run: unknown): void {
    if (typeof run === 'function') void (run as (n: number) => unknown)(1);
  },
  nested: { deep: { echo: (value: unknown): unknown => value } },
};

export const methodNames: readonly string[] = [
  'echo', 'add', 'fail', 'later', 'count', 'never', 'sum', 'back', 'tell', 'nested.deep.echo',
]; // biome-ignore format: one list

function isIterable(value: unknown): value is AsyncIterable<unknown> {
  return typeof value === 'object' && value !== null && Symbol.asyncIterator in value;
}
