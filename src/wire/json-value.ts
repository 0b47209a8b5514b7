/**
 * A value as JSON text, or the reason why JSON cannot say it.
 *
 * JSON.stringify drops or bends what it does not know (`undefined`, `NaN`, a `Map`, a `Date`). Here such a value is
 * refused by its path instead. Most values are plain: one quick look finds that out, and JSON.stringify writes them.
 * All others are spelled out piece by piece, which is slower and knows the path.
 */
import { KindredError } from '../base/errors.ts';
import type { Limits } from './limits.ts';

/** A JSON text with its size in UTF-8. */
export interface JsonText {
  text: string;
  bytes: number;
}

export interface JsonTextOptions {
  /** What the value is called in errors; empty where its properties speak for themselves (`params[0]`). */
  root: string;
  limits: Pick<Limits, 'maxMessageBytes' | 'maxDepth'>;
  /** Levels of the value that are not the caller's, and do not count: the envelope around `params`. */
  envelopeDepth?: number;
}

/**
 * The value as JSON text.
 * Throws `ERR_NOT_ENCODABLE` with the path of what JSON cannot say, `ERR_LIMIT` where the value is too deep or surely
 * larger than `maxMessageBytes` (the exact size is the caller's to check).
 */
export function jsonText(value: unknown, options: JsonTextOptions): string {
  const { maxDepth, maxMessageBytes } = options.limits;
  const levels = maxDepth + (options.envelopeDepth ?? 0);
  try {
    if (isPlain(value, levels, maxMessageBytes)) return JSON.stringify(value);
    const { root, limits } = options;
    return spell(value, root, '', { levels, room: maxMessageBytes, limits, ancestors: new Map() });
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    // Larger than a string, or deeper than the stack of this runtime.
    throw new KindredError('ERR_LIMIT', `the message is too large to be written as JSON: ${error.message}`, {
      cause: error,
    });
  }
}

/**
 * The quick look: whether JSON.stringify says exactly this value.
 * Every part takes from `room` the bytes that it needs at least, so that a small value that holds one thing many times
 * over cannot keep us busy.
 */
function isPlain(value: unknown, levels: number, room: number): boolean {
  try {
    const bytes = scalarBytes(value);
    return bytes === notScalar ? roomAfter(value as object, levels, room) >= 0 : bytes <= room;
  } catch {
    // A getter or a proxy threw; spelling finds out where.
    return false;
  }
}

const notScalar = -1;

/** Bytes of a scalar at least; infinitely many for what JSON.stringify would not say as it is. */
function scalarBytes(value: unknown): number {
  switch (typeof value) {
    case 'string':
      return value.length + 2;
    case 'number':
      // NaN and infinities are not said; -0 is, but JSON.stringify would write 0.
      return value - value === 0 && (value !== 0 || 1 / value > 0) ? 1 : Number.POSITIVE_INFINITY;
    case 'boolean':
      return 4;
    case 'object':
      return value === null ? 4 : notScalar;
    default:
      return Number.POSITIVE_INFINITY;
  }
}

/** The room that the object leaves. Below zero: not plain, too deep or too large; `spell` finds out. */
function roomAfter(value: object, levels: number, room: number): number {
  if (levels === 0 || (value as Partial<SaysItself>).toJSON !== undefined) return -1;
  let left = room - 2;
  if (Array.isArray(value)) {
    for (let i = 0; i < value.length && left >= 0; i++) {
      const bytes = scalarBytes(value[i]);
      left = bytes === notScalar ? roomAfter(value[i], levels - 1, left) : left - bytes;
    }
    return left;
  }
  const prototype: unknown = Object.getPrototypeOf(value);
  if (prototype !== Object.prototype && prototype !== null && !isRecord(value)) return -1;
  if ((value as { [Symbol.asyncIterator]?: unknown })[Symbol.asyncIterator] !== undefined) return -1;
  // Faster than Object.keys. What it adds are properties of a prototype, which are functions as a rule: spelled out.
  for (const key in value) {
    const part = (value as Record<string, unknown>)[key];
    const bytes = scalarBytes(part);
    left -= key.length + 3;
    left = bytes === notScalar ? roomAfter(part as object, levels - 1, left) : left - bytes;
    if (left < 0) return -1;
  }
  return left;
}

interface Spelling {
  levels: number;
  room: number;
  limits: JsonTextOptions['limits'];
  /** The objects around the value, with their paths. */
  ancestors: Map<object, string>;
}

/** The slow way: the same text, one part at a time, or an error that names the part. */
function spell(value: unknown, path: string, key: string, state: Spelling): string {
  if (typeof value === 'object' && value !== null) return spellObject(value, path, key, state);
  const why = refusal(value);
  if (why !== undefined) throw notSayable(path, why);
  return spend(Object.is(value, -0) ? '-0' : JSON.stringify(value), state);
}

function spellObject(value: object, path: string, key: string, state: Spelling): string {
  const why = reading(path, 'it', () => refusal(value));
  if (why !== undefined) throw notSayable(path, why);
  const around = state.ancestors.get(value);
  if (around !== undefined)
    throw notSayable(path, { is: `a cycle back to ${named(around)}`, send: 'each thing once' });
  state.ancestors.set(value, path);
  const text = reading(path, 'its toJSON', () => saysItself(value))
    ? spellSaid(value as SaysItself, path, key, state)
    : spellParts(value, path, state);
  state.ancestors.delete(value);
  return text;
}

/** What toJSON gives stands for the object, and is not asked for its own toJSON again. */
function spellSaid(value: SaysItself, path: string, key: string, state: Spelling): string {
  const said = reading(path, 'its toJSON()', () => value.toJSON(key));
  const why = refusal(said);
  if (why !== undefined) throw notSayable(path, why);
  if (typeof said !== 'object' || said === null) return spell(said, path, key, state);
  return spellParts(said, path, state);
}

function spellParts(value: object, path: string, state: Spelling): string {
  if (state.ancestors.size > state.levels)
    throw new KindredError('ERR_LIMIT', `${named(path)} is deeper than maxDepth (${state.limits.maxDepth})`);
  const parts: string[] = [];
  spend('[]', state);
  if (Array.isArray(value)) {
    for (let i = 0; i < value.length; i++) parts.push(spell(value[i], `${path}[${i}]`, String(i), state));
    return `[${parts.join(',')}]`;
  }
  for (const name of Object.keys(value)) {
    const at = step(path, name);
    const part = reading(at, 'its getter', () => (value as Record<string, unknown>)[name]);
    const text = spell(part, at, name, state);
    parts.push(`${spend(JSON.stringify(name), state)}:${text}`);
  }
  return `{${parts.join(',')}}`;
}

/** Code of the caller may run where a value is read: what it throws is told with the path. */
function reading<T>(path: string, what: string, read: () => T): T {
  try {
    return read();
  } catch (cause) {
    throw new KindredError('ERR_NOT_ENCODABLE', `${named(path)} could not be read: ${what} threw`, { cause });
  }
}

/** Takes the text's least size in bytes from the room that is left. */
function spend(text: string, state: Spelling): string {
  state.room -= text.length;
  if (state.room < 0)
    throw new KindredError(
      'ERR_LIMIT',
      `the message is larger than maxMessageBytes (${state.limits.maxMessageBytes})`,
    );
  return text;
}

function step(path: string, name: string): string {
  if (!/^[\p{ID_Start}_$][\p{ID_Continue}$]*$/u.test(name)) return `${path}[${JSON.stringify(name)}]`;
  return path === '' ? name : `${path}.${name}`;
}

/** Paths go into error messages: of a very long one, both ends. */
function named(path: string): string {
  if (path === '') return 'the message';
  return path.length > 200 ? `${path.slice(0, 120)}...${path.slice(-60)}` : path;
}

interface Refusal {
  is: string;
  send: string;
}

function notSayable(path: string, { is, send }: Refusal): KindredError {
  return new KindredError(
    'ERR_NOT_ENCODABLE',
    `${named(path)} is ${is}, which plain JSON cannot say: send ${send}`,
  );
}

/** Why JSON cannot say this value itself, leaving aside what it holds. */
function refusal(value: unknown): Refusal | undefined {
  switch (typeof value) {
    case 'undefined':
      return { is: 'undefined', send: 'null, or leave it out' };
    case 'number':
      return Number.isFinite(value) ? undefined : { is: String(value), send: 'null or a string' };
    case 'bigint':
      return { is: 'a BigInt', send: 'a string' };
    case 'symbol':
      return { is: 'a symbol', send: 'a string' };
    case 'function':
      return { is: 'a function', send: 'data; functions travel between two Kindreds only' };
    case 'object':
      return value === null || Array.isArray(value) ? undefined : objectRefusal(value);
    default:
      return undefined;
  }
}

/** What to send instead of built-in objects, whose inside JSON.stringify would bend or lose. */
const instead: Readonly<Record<string, string>> = {
  BigInt: 'a string',
  Boolean: 'true or false itself',
  Date: 'a string or a number',
  Error: 'its name and message',
  Map: 'an object or an array of entries',
  Number: 'the number itself',
  Promise: 'what it resolves to (is an await missing?)',
  RegExp: 'its source as a string',
  Set: 'an array',
  SharedArrayBuffer: 'an array of numbers',
  String: 'the string itself',
  Symbol: 'a string',
  URL: 'a string',
};

function objectRefusal(value: object): Refusal | undefined {
  if (ArrayBuffer.isView(value) || value instanceof ArrayBuffer)
    return {
      is: `bytes (${tagOf(value)})`,
      send: 'a string, in base64 for instance, or an array of numbers',
    };
  if (Symbol.asyncIterator in value)
    return { is: 'a stream', send: 'data; or use a dialect that has streams' };
  const tag = value instanceof Error ? 'Error' : tagOf(value);
  const send = Object.hasOwn(instead, tag) ? instead[tag] : undefined;
  if (send !== undefined) return { is: `${/^[AEIO]/.test(tag) ? 'an' : 'a'} ${tag}`, send };
  if (tag === 'Object' || saysItself(value) || Object.keys(value).length > 0) return undefined;
  // A class that names itself and shows nothing: `Headers`, `Blob`, a generator. JSON.stringify would write `{}`.
  return { is: `a ${tag} object without properties of its own`, send: 'plain data' };
}

interface SaysItself {
  toJSON(key: string): unknown;
}

function saysItself(value: object): value is SaysItself {
  return typeof (value as Partial<SaysItself>).toJSON === 'function';
}

/** An instance of a class that is no more than its own properties, as far as a quick look can tell. */
function isRecord(value: object): boolean {
  return !(value instanceof Error) && tagOf(value) === 'Object';
}

function tagOf(value: object): string {
  return Object.prototype.toString.call(value).slice(8, -1);
}
