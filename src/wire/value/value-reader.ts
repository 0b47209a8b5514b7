/**
 * Bytes to values: `tags.ts` has the table of what is read. What is wrong throws a `KindredError`: `ERR_PROTOCOL`, or
 * `ERR_LIMIT` for the depth.
 *
 * Here are arrays, objects and references; numbers and strings are in scalar-reader.ts, the language's other types in
 * built-in-reader.ts.
 */
import { KindredError } from '../../base/errors.ts';
import type { ImportReference, Reference } from '../message.ts';
import { type ElementReader, readBuiltIn } from './built-in-reader.ts';
import { deepestValue } from './path.ts';
import { ScalarReader } from './scalar-reader.ts';
import { type ReadShape, ReadShapes, readShape } from './shapes.ts';
import * as tag from './tags.ts';

/** Longer arrays grow as their elements are read. */
const presizedLength = 4096;

const referenceKinds: readonly Reference['kind'][] = ['function', 'stream', 'handle'];
const noNames = readShape([]);

/** Reads values of whatever connection, one message after another: what it remembers of shapes serves all of them. */
export class ValueReader extends ScalarReader implements ElementReader {
  /** Set for each message. */
  maxDepth = 0;
  importReference: ImportReference | undefined;
  /** The bytes stay as they are, for ever: large byte arrays may be views of them. */
  owned = false;

  #objects: unknown[] = [];
  #objectCount = 0;
  #shapes: ReadShape[] = [];
  #shapeCount = 0;
  #deepest = 0;
  readonly #known = new ReadShapes();

  /** Begins a message that stands in the bytes from `at` to `end`. */
  begin(
    bytes: Uint8Array<ArrayBuffer>,
    at: number,
    end: number,
    owned: boolean,
    maxDepth: number,
    importReference: ImportReference | undefined,
  ): void {
    this.bytes = bytes;
    this.at = at;
    this.end = end;
    this.owned = owned;
    this.maxDepth = Math.min(maxDepth, deepestValue);
    this.importReference = importReference;
    this.#deepest = this.maxDepth;
  }

  /** Ends a message: forgets what it held. */
  finish(): void {
    if (this.#objectCount > 64) this.#objects = [];
    else for (let i = 0; i < this.#objectCount; i++) this.#objects[i] = undefined;
    if (this.#shapeCount > 64) this.#shapes = [];
    this.#objectCount = 0;
    this.#shapeCount = 0;
    this.importReference = undefined;
    this.release();
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
    if (byte < tag.ARRAY) return this.textOf(byte - tag.STRING);
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
        return this.textOf(this.count());
      case tag.UTF16_STRING:
        return this.utf16Text(this.count());
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
      else this.defineOwn(object, names[i] as string, value);
    }
    return object;
  }

  /** Refuses what would be taken for a promise: whoever awaits it would wait for as long as the other end likes. */
  defineOwn(object: object, name: string, value: unknown): void {
    if (name === 'then' && typeof value === 'function') this.wrong('a lent function is called then');
    Object.defineProperty(object, name, { value, writable: true, enumerable: true, configurable: true });
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
