/**
 * Bytes to values: `tags.ts` has the table of what is read.
 *
 * Every count is checked against the bytes that are there before anything is made of it. What is wrong throws a
 * `KindredError`: `ERR_PROTOCOL`, or `ERR_LIMIT` for the depth.
 */
import { KindredError } from '../../base/errors.ts';
import type { ImportReference, Reference } from '../message.ts';
import type { Text } from '../text.ts';
import { type ElementReader, readBuiltIn } from './built-in-reader.ts';
import { deepestValue } from './path.ts';
import { type ReadShape, ReadShapes, readShape } from './shapes.ts';
import * as tag from './tags.ts';

/** ASCII strings up to this length are made faster here than by `Text.decode` (measured on Node.js 24). */
const loopLength = 12;
/** Longer arrays grow as their elements are read. */
const presizedLength = 4096;

const scratchBytes = new Uint8Array(8);
const scratch = new DataView(scratchBytes.buffer);
const referenceKinds: readonly Reference['kind'][] = ['function', 'stream', 'handle'];
const noNames = readShape([]);
const noBytes = new Uint8Array(0);

export class ValueReader implements ElementReader {
  readonly text: Text;
  readonly maxDepth: number;
  readonly importReference: ImportReference | undefined;

  bytes: Uint8Array<ArrayBuffer> = noBytes;
  at = 0;
  end = 0;
  /** The bytes stay as they are, for ever: large byte arrays may be views of them. */
  owned = false;

  #objects: unknown[] = [];
  #objectCount = 0;
  #shapes: ReadShape[] = [];
  #shapeCount = 0;
  #deepest = 0;
  readonly #known = new ReadShapes();

  constructor(text: Text, maxDepth: number, importReference: ImportReference | undefined) {
    this.text = text;
    this.maxDepth = Math.min(maxDepth, deepestValue);
    this.importReference = importReference;
  }

  /** Begins a message that stands in the bytes from `at` to `end`. */
  begin(bytes: Uint8Array<ArrayBuffer>, at: number, end: number, owned: boolean): void {
    this.bytes = bytes;
    this.at = at;
    this.end = end;
    this.owned = owned;
    this.#deepest = this.maxDepth;
  }

  /** Ends a message: forgets what it held. */
  finish(): void {
    if (this.#objectCount > 64) this.#objects = [];
    else for (let i = 0; i < this.#objectCount; i++) this.#objects[i] = undefined;
    if (this.#shapeCount > 64) this.#shapes = [];
    this.#objectCount = 0;
    this.#shapeCount = 0;
    // Nothing is held of a chunk that the transport may use again.
    this.bytes = noBytes;
  }

  /** Reads arguments: their array or object itself does not count as a level of depth. */
  params(): unknown {
    this.#deepest = this.maxDepth + 1;
    const value = this.read(0);
    this.#deepest = this.maxDepth;
    return value;
  }

  /** Reads a value that stands in `depth` containers. */
  read(depth: number): unknown {
    const byte = this.byte();
    if (byte < tag.STRING) return byte;
    if (byte < tag.ARRAY) return this.#text(byte - tag.STRING);
    if (byte < tag.OBJECT) return this.#array(byte - tag.ARRAY, depth);
    if (byte < tag.SHAPED) return this.#object(this.#defineShape(byte - tag.OBJECT), depth);
    if (byte < tag.UNDEFINED) return this.#object(this.#shape(byte - tag.SHAPED), depth);
    switch (byte) {
      case tag.UNDEFINED:
        return undefined;
      case tag.NULL:
        return null;
      case tag.FALSE:
        return false;
      case tag.TRUE:
        return true;
      case tag.INT_8:
        return this.byte();
      case tag.INT_16:
        return this.u16();
      case tag.INT_32:
        return this.u32();
      case tag.NEGATIVE_8:
        return -1 - this.byte();
      case tag.NEGATIVE_16:
        return -1 - this.u16();
      case tag.NEGATIVE_32:
        return -1 - this.u32();
      case tag.DOUBLE:
        return this.double();
      case tag.LONG_STRING:
        return this.#text(this.count());
      case tag.UTF16_STRING:
        return this.#utf16Text(this.count());
      case tag.LONG_ARRAY:
        return this.#array(this.count(), depth);
      case tag.LONG_OBJECT:
        return this.#object(this.#defineShape(this.count()), depth);
      case tag.LONG_SHAPED:
        return this.#object(this.#shape(this.count()), depth);
      case tag.SAME:
        return this.#same(this.count());
      case tag.FUNCTION:
      case tag.STREAM:
      case tag.HANDLE:
        return this.#reference(referenceKinds[byte - tag.FUNCTION] as Reference['kind']);
      default:
        return readBuiltIn(this, byte, depth);
    }
  }

  /** The next byte, which stays to be read; -1 at the end. */
  peek(): number {
    return this.at < this.end ? (this.bytes[this.at] as number) : -1;
  }

  byte(): number {
    if (this.at >= this.end) this.tooShort();
    return this.bytes[this.at++] as number;
  }

  u16(): number {
    this.need(2);
    const { bytes, at } = this;
    this.at = at + 2;
    return (bytes[at] as number) | ((bytes[at + 1] as number) << 8);
  }

  u32(): number {
    this.need(4);
    const { bytes, at } = this;
    this.at = at + 4;
    const low = (bytes[at] as number) | ((bytes[at + 1] as number) << 8) | ((bytes[at + 2] as number) << 16);
    return low + (bytes[at + 3] as number) * 0x100_0000;
  }

  double(): number {
    this.need(8);
    const { bytes, at } = this;
    for (let i = 0; i < 8; i++) scratchBytes[i] = bytes[at + i] as number;
    this.at = at + 8;
    return scratch.getFloat64(0, true);
  }

  /** Unsigned LEB128, below 2 ** 32. */
  count(): number {
    let count = 0;
    for (let shift = 0, byte = 0x80; byte >= 0x80; shift += 7) {
      byte = this.byte();
      if (shift === 28 && byte > 0x0f) this.wrong('a count is above 32 bits');
      count += (byte & 0x7f) * 2 ** shift;
    }
    return count;
  }

  /** A count of things of which each takes at least so many bytes. */
  countOf(eachBytes: number): number {
    const count = this.count();
    if (count * eachBytes > this.end - this.at) this.tooShort();
    return count;
  }

  string(): string {
    const byte = this.byte();
    if (byte >= tag.STRING && byte < tag.ARRAY) return this.#text(byte - tag.STRING);
    if (byte === tag.LONG_STRING) return this.#text(this.count());
    if (byte === tag.UTF16_STRING) return this.#utf16Text(this.count());
    return this.wrong('a string was expected');
  }

  /** A string that comes again and again. */
  name(): string {
    return this.#readShape(1).names[0] as string;
  }

  /** Gives the object the next number; before its members are read, since they may refer to it. */
  note<T extends object>(object: T): T {
    this.#objects[this.#objectCount++] = object;
    return object;
  }

  /** Checks that a container may stand in `depth` others. */
  enter(depth: number): void {
    if (depth >= this.#deepest)
      throw new KindredError('ERR_LIMIT', `a value is nested deeper than maxDepth (${this.maxDepth})`);
  }

  need(count: number): void {
    if (count > this.end - this.at) this.tooShort();
  }

  tooShort(): never {
    return this.wrong('a message ends in the middle of a value');
  }

  wrong(what: string): never {
    throw new KindredError('ERR_PROTOCOL', `the other end broke the binary dialect: ${what}`);
  }

  #text(size: number): string {
    this.need(size);
    const start = this.at;
    const end = start + size;
    this.at = end;
    if (size <= loopLength) {
      const short = shortAscii(this.bytes, start, end);
      if (short !== undefined) return short;
    }
    try {
      return this.text.decode(this.bytes, start, end);
    } catch {
      return this.wrong('a string is no UTF-8');
    }
  }

  #utf16Text(units: number): string {
    this.need(2 * units);
    const { bytes } = this;
    const end = this.at + 2 * units;
    let text = '';
    while (this.at < end) {
      const codes: number[] = [];
      for (; this.at < end && codes.length < 4096; this.at += 2)
        codes.push((bytes[this.at] as number) | ((bytes[this.at + 1] as number) << 8));
      text += String.fromCharCode(...codes);
    }
    return text;
  }

  #array(length: number, depth: number): unknown[] {
    this.enter(depth);
    this.need(length);
    const array: unknown[] = this.note(length <= presizedLength ? new Array(length) : []);
    for (let i = 0; i < length; i++) array[i] = this.read(depth + 1);
    return array;
  }

  #object({ names, assignable }: ReadShape, depth: number): object {
    this.enter(depth);
    this.need(names.length);
    const object: Record<string, unknown> = this.note({});
    for (let i = 0; i < names.length; i++) {
      const value = this.read(depth + 1);
      if (assignable) object[names[i] as string] = value;
      else defineOwn(object, names[i] as string, value);
    }
    return object;
  }

  #defineShape(count: number): ReadShape {
    const shape = count === 0 ? noNames : this.#readShape(count);
    this.#shapes[this.#shapeCount++] = shape;
    return shape;
  }

  #shape(number: number): ReadShape {
    if (number >= this.#shapeCount) this.wrong(`there is no shape ${number}`);
    return this.#shapes[number] as ReadShape;
  }

  #readShape(count: number): ReadShape {
    const known = this.#known.find(this.bytes, this.at, this.end, count);
    if (known !== undefined) {
      this.at += this.#known.foundBytes;
      return known;
    }
    this.need(count);
    const start = this.at;
    const names: string[] = [];
    for (let i = 0; i < count; i++) names.push(this.string());
    const shape = readShape(names);
    this.#known.add(this.bytes, start, this.at, shape);
    return shape;
  }

  #same(number: number): unknown {
    if (number >= this.#objectCount) this.wrong(`there is no object ${number}`);
    return this.#objects[number];
  }

  #reference(kind: Reference['kind']): unknown {
    const id = this.count();
    if (this.importReference === undefined) this.wrong(`a ${kind} was lent where none can be`);
    return this.importReference({ kind, id });
  }
}

function defineOwn(object: object, name: string, value: unknown): void {
  Object.defineProperty(object, name, { value, writable: true, enumerable: true, configurable: true });
}

/** The bytes as a string, where all of them are ASCII. */
function shortAscii(bytes: Uint8Array, start: number, end: number): string | undefined {
  let text = '';
  let at = start;
  for (; at + 4 <= end; at += 4) {
    const a = bytes[at] as number;
    const b = bytes[at + 1] as number;
    const c = bytes[at + 2] as number;
    const d = bytes[at + 3] as number;
    if ((a | b | c | d) > 0x7f) return undefined;
    text += String.fromCharCode(a, b, c, d);
  }
  for (; at < end; at++) {
    const a = bytes[at] as number;
    if (a > 0x7f) return undefined;
    text += String.fromCharCode(a);
  }
  return text;
}
