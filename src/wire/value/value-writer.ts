/**
 * Values to bytes, in one pass: `tags.ts` has the table of what is written.
 *
 * Here are arrays, plain objects and the instances of classes; numbers and strings are in scalar-writer.ts, the
 * language's other types in built-in-writer.ts.
 */
import { KindredError } from '../../base/errors.ts';
import type { ExportReference, Params, Reference } from '../message.ts';
import type { Arena } from './arena.ts';
import { type BuiltIn, builtInOf, refusedOf } from './built-in.ts';
import { type ElementWriter, writeBuiltIn } from './built-in-writer.ts';
import { deepestValue, type Step, sayPath } from './path.ts';
import { ScalarWriter } from './scalar-writer.ts';
import { SeenObjects } from './seen-objects.ts';
import { WrittenShapes } from './shapes.ts';
import * as tag from './tags.ts';

const referenceTags: Record<Reference['kind'], number> = {
  function: tag.FUNCTION,
  stream: tag.STREAM,
  handle: tag.HANDLE,
};
const { asyncIterator } = Symbol;
interface MaybeStream {
  [asyncIterator]?: unknown;
}
/** Shows what `for in` finds in every object: properties that somebody has added to `Object.prototype`. */
const empty = {};

/** Writes values of whatever connection, one message after another: what it remembers of shapes serves all of them. */
export class ValueWriter extends ScalarWriter implements ElementWriter {
  /** Set for each message. */
  maxDepth = 0;
  exportReference: ExportReference | undefined;
  /** How the way to the value begins, in words: `params`. */
  root = '';
  #deepest = 0;

  /** The steps to the value that is being written: `steps[0]` .. `steps[depth - 1]`. */
  readonly steps: Step[] = [];
  readonly #seen = new SeenObjects();
  readonly #shapes = new WrittenShapes();
  readonly #names: string[] = [];
  #prototypeIsClean = true;

  /** Begins a message: identity and shapes are kept within one. */
  begin(arena: Arena, maxDepth: number, exportReference: ExportReference | undefined): void {
    this.arena = arena;
    this.maxDepth = Math.min(maxDepth, deepestValue);
    this.exportReference = exportReference;
    this.#deepest = this.maxDepth;
    this.#shapes.begin();
    this.#prototypeIsClean = true;
    for (const _ in empty) this.#prototypeIsClean = false;
  }

  /** Ends a message, or forgets it. */
  end(): void {
    this.dropArena();
    this.exportReference = undefined;
    this.#seen.clear();
  }

  /** Writes a value of the message. */
  value(value: unknown, root: string): void {
    this.root = root;
    this.write(value, 0);
  }

  /** Writes arguments: their array or object itself does not count as a level of depth. */
  params(value: Params, root: string): void {
    this.root = root;
    this.#deepest = this.maxDepth + 1;
    this.write(value, 0);
    this.#deepest = this.maxDepth;
  }

  /** Writes a value that stands in `depth` containers. */
  write(value: unknown, depth: number): void {
    switch (typeof value) {
      case 'string':
        this.string(value);
        return;
      case 'number':
        this.number(value);
        return;
      case 'object':
        if (value === null) this.byte(tag.NULL);
        else if (Array.isArray(value)) this.#array(value, depth);
        else this.#object(value, depth);
        return;
      case 'boolean':
        this.byte(value ? tag.TRUE : tag.FALSE);
        return;
      case 'undefined':
        this.byte(tag.UNDEFINED);
        return;
      case 'bigint':
        this.bigint(value);
        return;
      case 'function':
        if (this.steps[depth - 1] === 'then')
          this.refuse(
            'a function named then',
            'its receiver would wait for it as for a promise: rename it',
            depth,
          );
        this.#reference(value, 'a function', depth);
        return;
      default:
        this.refuse('a symbol', 'send a string', depth);
    }
  }

  #array(value: readonly unknown[], depth: number): void {
    if (this.#isWritten(value)) return;
    this.enter(depth);
    const { length } = value;
    if (length < 16) this.byte(tag.ARRAY + length);
    else this.tagged(tag.LONG_ARRAY, length);
    for (let i = 0; i < length; i++) {
      this.steps[depth] = i;
      this.write(value[i], depth + 1);
    }
  }

  #object(value: object, depth: number): void {
    const prototype: unknown = Object.getPrototypeOf(value);
    if (prototype !== Object.prototype && prototype !== null) this.#instance(value, depth);
    else if ((value as MaybeStream)[asyncIterator] !== undefined)
      this.#reference(value, 'an async iterable', depth);
    else this.#plain(value, this.#prototypeIsClean, depth);
  }

  /** The object's own enumerable properties; `simple` where `for in` finds no others. */
  #plain(value: object, simple: boolean, depth: number): void {
    if (this.#isWritten(value)) return;
    this.enter(depth);
    try {
      if (simple) this.#simpleProperties(value as Record<string, unknown>, depth);
      else this.#properties(value as Record<string, unknown>, depth);
    } catch (error) {
      // A property may be an accessor, whose code is the caller's.
      this.rethrow(error, 'it', depth + 1);
    }
  }

  /** `for in` reads names and properties faster than `Object.keys`: 6 against 23 ns for two of them. */
  #simpleProperties(value: Record<string, unknown>, depth: number): void {
    const names = this.#names;
    let count = 0;
    for (const name in value) {
      if (count === WrittenShapes.mostNames) {
        this.#properties(value, depth);
        return;
      }
      names[count++] = name;
    }
    this.#shape(names, count);
    for (const name in value) {
      this.steps[depth] = name;
      this.write(value[name], depth + 1);
      count--;
    }
    if (count !== 0) this.refuse('an object', 'its properties changed while they were read', depth);
  }

  #properties(value: Record<string, unknown>, depth: number): void {
    const names = Object.keys(value);
    this.#newShape(names, names.length);
    for (const name of names) {
      this.steps[depth] = name;
      this.write(value[name], depth + 1);
    }
  }

  #shape(names: readonly string[], count: number): void {
    const shape = this.#shapes.find(names, count);
    if (shape === undefined) {
      this.#newShape(names, count);
      return;
    }
    const number = this.#shapes.numberOf(shape);
    if (number < 0) this.#copy(shape.bytes);
    else if (number < 16) this.byte(tag.SHAPED + number);
    else this.tagged(tag.LONG_SHAPED, number);
  }

  #newShape(names: readonly string[], count: number): void {
    const { arena } = this;
    if (count < 16) this.byte(tag.OBJECT + count);
    else this.tagged(tag.LONG_OBJECT, count);
    // One byte back is the tag, two or three where the count stands apart.
    const slab = arena.bytes;
    const start = arena.at - (count < 16 ? 1 : 2);
    for (let i = 0; i < count; i++) this.string(names[i] as string);
    const worth = count <= WrittenShapes.mostNames && arena.bytes === slab && arena.at - start <= 1024;
    this.#shapes.add(names, count, worth ? slab.slice(start, arena.at) : undefined);
  }

  #copy(from: Uint8Array): void {
    const { arena } = this;
    const { length } = from;
    arena.room(length);
    const { bytes, at } = arena;
    if (length > 40) bytes.set(from, at);
    else for (let i = 0; i < length; i++) bytes[at + i] = from[i] as number;
    arena.at = at + length;
  }

  /** An object that is neither plain nor an array. */
  #instance(value: object, depth: number): void {
    const builtIn = builtInOf(value);
    if (builtIn !== undefined) {
      this.#builtIn(builtIn, value, depth);
      return;
    }
    if (asyncIterator in value) {
      this.#reference(value, 'an async iterable', depth);
      return;
    }
    if (typeof ReadableStream === 'function' && value instanceof ReadableStream) {
      this.#reference(value, 'a ReadableStream', depth);
      return;
    }
    // An open server is an object like others to everybody but those who can pass it.
    const reference = this.exportReference?.(value);
    if (reference !== undefined) {
      this.tagged(referenceTags[reference.kind], reference.id);
      return;
    }
    if ('toJSON' in value && typeof value.toJSON === 'function') {
      const said = this.#saidBy(value as { toJSON: () => unknown }, depth);
      // What `toJSON` gave is not asked again, so that it may be an instance itself.
      if (typeof said === 'object' && said !== null && !Array.isArray(said) && builtInOf(said) === undefined)
        this.#plain(said, false, depth);
      else this.write(said, depth);
      return;
    }
    const refused = refusedOf(value);
    if (refused !== undefined) this.refuse(refused.what, refused.mend, depth);
    this.#plain(value, false, depth);
  }

  #reference(value: object, what: string, depth: number): void {
    const reference = this.exportReference?.(value);
    if (reference === undefined)
      this.refuse(what, 'only the arguments and results of calls can lend one', depth);
    this.tagged(referenceTags[reference.kind], reference.id);
  }

  #builtIn(is: BuiltIn, value: object, depth: number): void {
    if (this.#isWritten(value)) return;
    try {
      writeBuiltIn(this, is, value, depth);
    } catch (error) {
      this.rethrow(error, 'it', depth);
    }
  }

  #saidBy(value: { toJSON: () => unknown }, depth: number): unknown {
    try {
      return value.toJSON();
    } catch (error) {
      return this.rethrow(error, 'its toJSON()', depth);
    }
  }

  /** Whether the object stands in this message already; then it is said by its number. Otherwise it gets one. */
  #isWritten(value: object): boolean {
    const number = this.#seen.numberOf(value);
    if (number < 0) return false;
    this.tagged(tag.SAME, number);
    return true;
  }

  /** Checks that a container may stand in `depth` others. */
  enter(depth: number): void {
    if (depth >= this.#deepest)
      throw new KindredError(
        'ERR_LIMIT',
        `${this.#path(depth)} is nested deeper than maxDepth (${this.maxDepth})`,
      );
  }

  /** Says where it was that code of the caller threw. */
  rethrow(error: unknown, whose: string, depth: number): never {
    // The stack may be full; that is told where there is room again.
    if (error instanceof KindredError || error instanceof RangeError) throw error;
    throw new KindredError('ERR_NOT_ENCODABLE', `${this.#path(depth)} could not be read: ${whose} threw`, {
      cause: error,
    });
  }

  refuse(what: string, mend: string, depth: number): never {
    throw new KindredError(
      'ERR_NOT_ENCODABLE',
      `${this.#path(depth)} is ${what}, which cannot be sent: ${mend}`,
    );
  }

  #path(depth: number): string {
    return sayPath(this.root, this.steps.slice(0, depth));
  }
}
