/**
 * What a call gives at once: a promise of the result which can also be iterated, for calls that answer with a stream.
 *
 * ```ts
 * await peer.call.add(1, 2);                          // the result
 * for await (const n of peer.call.countdown(3)) ...   // the items; a failed call throws here
 * ```
 */
import { KindredError } from '../base/errors.ts';

export class Reply<T> extends Promise<T> {
  [Symbol.asyncIterator](): AsyncIterator<unknown, undefined> {
    let inner: Promise<AsyncIterator<unknown, undefined>> | undefined;
    const open = (): Promise<AsyncIterator<unknown, undefined>> => {
      inner ??= this.then((value) => iteratorOf(value));
      return inner;
    };
    return {
      next: async () => (await open()).next(),
      return: async () => {
        await (await open()).return?.();
        return { done: true, value: undefined };
      },
    };
  }
}

// `await` and `then` treat an object whose constructor is Promise as a native promise: no extra turns, no subclass made
// by `then`.
Object.defineProperty(Reply.prototype, 'constructor', { value: Promise, configurable: true, writable: true });

function iteratorOf(value: unknown): AsyncIterator<unknown, undefined> {
  if (typeof value === 'object' && value !== null && Symbol.asyncIterator in value)
    return (value as AsyncIterable<unknown, undefined>)[Symbol.asyncIterator]();
  throw new KindredError(
    'ERR_BAD_ARGUMENT',
    'the call answered with a value, not with a stream: await it instead of iterating it',
    {
      outcome: 'executed',
    },
  );
}
