/**
 * Which of the language's own types an object is. What the engine keeps inside of it decides, so that no prototype and
 * no `Symbol.toStringTag` can pretend; an object of another realm (a `vm` context, a frame) is known as well.
 */

export type BuiltIn = 'view' | 'Date' | 'RegExp' | 'Map' | 'Set' | 'ArrayBuffer' | 'Error' | 'URL';

export function builtInOf(value: object): BuiltIn | undefined {
  if (ArrayBuffer.isView(value)) return 'view';
  const tag = tagOf(value);
  if (value instanceof Error || tag === 'Error') return 'Error';
  for (const { is, type, inside } of insides)
    if ((tag === is || value instanceof type) && holds(value, inside)) return is;
  return value instanceof URL ? 'URL' : undefined;
}

/** What an object is that cannot travel, and what to do instead. */
export interface Refused {
  what: string;
  mend: string;
}

/** For objects that are no `BuiltIn`: whether it is of a type that would lose everything when its properties are sent. */
export function refusedOf(value: object): Refused | undefined {
  const tag = tagOf(value);
  const what = `${/^[AEIOU]/.test(tag) ? 'an' : 'a'} ${tag}`;
  if (/Iterator$|Iterator Helper$|Generator$/.test(tag)) return { what, mend: 'send an array' };
  const mend = mends.get(tag);
  if (mend === undefined) return undefined;
  if (mend === primitive) return { what: `a boxed ${tag}`, mend };
  const type: unknown = (globalThis as Record<string, unknown>)[tag];
  // A class of the user's own may well be called `Request`.
  return typeof type === 'function' && !(value instanceof type) ? undefined : { what, mend };
}

function tagOf(value: object): string {
  return Object.prototype.toString.call(value).slice(8, -1);
}

/** A function of a prototype that throws where the object has not the inside that it reads. */
type Inside = (this: never) => unknown;

function holds(value: object, inside: Inside): boolean {
  try {
    inside.call(value as never);
    return true;
  } catch {
    return false;
  }
}

function getter(prototype: object, name: string): Inside {
  return Object.getOwnPropertyDescriptor(prototype, name)?.get as Inside;
}

const insides: readonly { is: BuiltIn; type: abstract new (...args: never[]) => object; inside: Inside }[] = [
  { is: 'Date', type: Date, inside: Date.prototype.getTime },
  { is: 'Map', type: Map, inside: getter(Map.prototype, 'size') },
  { is: 'Set', type: Set, inside: getter(Set.prototype, 'size') },
  { is: 'RegExp', type: RegExp, inside: getter(RegExp.prototype, 'source') },
  { is: 'ArrayBuffer', type: ArrayBuffer, inside: getter(ArrayBuffer.prototype, 'byteLength') },
];

const primitive = 'send the primitive value';
const plainData = 'send plain data';

const mends: ReadonlyMap<string, string> = new Map([
  ['Promise', 'await it first'],
  ['WeakMap', plainData],
  ['WeakSet', plainData],
  ['WeakRef', plainData],
  ['FinalizationRegistry', plainData],
  ['SharedArrayBuffer', 'send a copy of its bytes, or name it in transfer for a thread'],
  ['Number', primitive],
  ['String', primitive],
  ['Boolean', primitive],
  ['Symbol', primitive],
  ['BigInt', primitive],
  ['AbortController', 'pass its signal as an option of the call'],
  ['AbortSignal', 'pass it as an option of the call'],
  ['Blob', 'send its bytes'],
  ['File', 'send its name and bytes'],
  ['FormData', 'send an array of its entries'],
  ['Headers', 'send an array of its entries'],
  ['URLSearchParams', 'send it as a string'],
  ['Request', plainData],
  ['Response', plainData],
  ['MessagePort', 'name it in transfer for a thread'],
  ['WritableStream', 'send a ReadableStream or an async iterable'],
  ['TransformStream', 'send its readable side'],
]);
