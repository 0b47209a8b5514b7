/**
 * The typed face of a peer: `peer.call.math.add(1, 2)`, `peer.notify.log('x')`, from the type of the service alone.
 */
import type { RemoteStream } from './streams.ts';

// biome-ignore lint/suspicious/noExplicitAny: the one way to say "any function" that type inference sees through
type AnyFunction = (...args: any[]) => unknown;

type HiddenName = 'constructor' | '__proto__' | 'then' | 'prototype' | `_${string}` | `#${string}`;

/** Objects of these kinds are values, not groups of functions. */
type Opaque =
  | readonly unknown[]
  | Date
  | RegExp
  | Map<unknown, unknown>
  | Set<unknown>
  | ArrayBufferView
  | ArrayBuffer
  | Promise<unknown>;

/** How deep a service's groups are looked into for functions; what lies deeper counts as one that has some. */
type Deeper = [never, 0, 1, 2, 3, 4];

type Names<S, Depth extends keyof Deeper | number = 5> = {
  [K in keyof S]: K extends HiddenName | symbol | number
    ? never
    : S[K] extends AnyFunction
      ? K
      : S[K] extends Opaque
        ? never
        : S[K] extends object
          ? Depth extends 0
            ? K
            : Names<S[K], Deeper[Depth & keyof Deeper] & number> extends never
              ? never
              : K
          : never;
}[keyof S];

/** A connection (`net.Socket`) can be iterated, but is passed as what it is. */
interface Connection {
  resetAndDestroy(): unknown;
}

/** What a call of a function of this result type gives: a stream for a generator or stream, else a promise. */
export type Answer<R> =
  Awaited<R> extends Connection
    ? Promise<Awaited<R>>
    : Awaited<R> extends AsyncIterable<infer T>
      ? Streaming<T>
      : Awaited<R> extends ReadableStream<infer T>
        ? Streaming<T>
        : Promise<Awaited<R>>;

/** Can be iterated at once, or awaited for the stream. */
export type Streaming<T> = Promise<RemoteStream<T>> & AsyncIterable<T, undefined>;

/** A service whose type is not known: every name may be called, with any arguments. */
// biome-ignore lint/suspicious/noExplicitAny: nothing is known of it, and an index signature would make each name possibly undefined
export type AnyClient = any;

/** The functions of a service as the other end sees them. */
export type Client<S> = unknown extends S
  ? AnyClient
  : {
      readonly [K in Names<S>]: S[K] extends (...args: infer A) => infer R
        ? (...args: A) => Answer<R>
        : Client<S[K]>;
    };

/** The same without replies. */
export type Notifier<S> = unknown extends S
  ? AnyClient
  : {
      readonly [K in Names<S>]: S[K] extends (...args: infer A) => unknown
        ? (...args: A) => Promise<void>
        : Notifier<S[K]>;
    };

/** Names that are kept ready on one face; more are made anew at each use, so that invented names cannot fill memory. */
const maxKept = 1024;

/**
 * An object on which every name is a function and has every name again. `then` is none, so that the object itself can
 * be awaited and returned from async functions.
 */
export function createFace(invoke: (method: string, args: unknown[]) => unknown): object {
  let kept = 0;
  const grow = (path: string, target: object): object => {
    const unknownNames = new Proxy(Object.create(null) as object, {
      get(_empty, name, receiver) {
        if (typeof name !== 'string' || name === 'then') return undefined;
        const method = path === '' ? name : `${path}.${name}`;
        const member = (...args: unknown[]): unknown => invoke(method, args);
        // Functions come with names of their own that a service may offer too.
        for (const own of ['name', 'length']) Reflect.deleteProperty(member, own);
        grow(method, member);
        if (kept++ < maxKept) Object.defineProperty(receiver, name, { value: member });
        return member;
      },
    });
    // A known name is found on the object itself; only an unknown one reaches the proxy behind it.
    return Object.setPrototypeOf(target, unknownNames) as object;
  };
  return grow('', Object.create(null) as object);
}
