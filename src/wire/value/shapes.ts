/**
 * Shapes: the names of an object's properties, in order. A message says the names of a shape once; further objects of
 * that shape say its number.
 */

/** The writer remembers no shape with more names; objects with more are mostly tables, each unlike the others. */
const mostNames = 64;
const places = 64;

/** A shape that was written before. */
interface WrittenShape {
  names: readonly string[];
  /** How it is written: tag, count and names. */
  bytes: Uint8Array;
  /** The message in which it was written last, and its number there. */
  message: number;
  number: number;
}

/**
 * The shapes that the writer has written lately, each with its bytes: copying them again takes a third of the time of
 * writing the names.
 */
export class WrittenShapes {
  static readonly mostNames: number = mostNames;
  readonly #places: (WrittenShape | undefined)[] = new Array(places).fill(undefined);
  #message = 0;
  #defined = 0;

  /** Begins a message: none of the shapes is defined in it. */
  begin(): void {
    this.#message++;
    this.#defined = 0;
  }

  find(names: readonly string[], count: number): WrittenShape | undefined {
    const shape = this.#places[placeOf(names, count)];
    if (shape === undefined || shape.names.length !== count) return undefined;
    const known = shape.names;
    for (let i = 0; i < count; i++) if (known[i] !== names[i]) return undefined;
    return shape;
  }

  /** The number of the shape in this message; -1 where its names have to be written, and then they are from now on. */
  numberOf(shape: WrittenShape): number {
    if (shape.message === this.#message) return shape.number;
    shape.message = this.#message;
    shape.number = this.#defined++;
    return -1;
  }

  /** These names have just been written, as these bytes (where they are worth remembering). */
  add(names: readonly string[], count: number, bytes: Uint8Array | undefined): void {
    const number = this.#defined++;
    if (bytes === undefined) return;
    this.#places[placeOf(names, count)] = {
      names: names.slice(0, count),
      bytes,
      message: this.#message,
      number,
    };
  }
}

function placeOf(names: readonly string[], count: number): number {
  if (count === 0) return 0;
  const first = names[0] as string;
  const last = names[count - 1] as string;
  return (count * 5 + first.length * 3 + last.length * 7) % places;
}

/** The names of a shape that was read. */
export interface ReadShape {
  names: readonly string[];
  /**
   * Whether all of them can be assigned; names that `Object.prototype` has, `__proto__` before all, must be defined, and
   * what is called `then` must be looked at.
   */
  assignable: boolean;
}

export function readShape(names: readonly string[]): ReadShape {
  return { names, assignable: !names.some((name) => name === 'then' || name in Object.prototype) };
}

interface KnownShape {
  /** The names as they stood on the wire. */
  bytes: Uint8Array;
  shape: ReadShape;
}

/** Buckets of known shapes, and how many each keeps: a peer that sends ever new names gains nothing by it. */
const buckets = 64;
const bucketSize = 4;
const mostBytes = 256;

/**
 * The shapes that the reader remembers from message to message, by the bytes of their names. To compare bytes with
 * those of the last time takes a fifth of the time of making strings of them again.
 */
export class ReadShapes {
  #buckets: (KnownShape[] | undefined)[] | undefined;
  #next = 0;
  /** Bytes of the names of the shape that was found last. */
  foundBytes = 0;

  /** The shape whose names stand at `at`, where it is known. */
  find(bytes: Uint8Array, at: number, end: number, count: number): ReadShape | undefined {
    const bucket = this.#buckets?.[bucketOf(bytes, at, count)];
    if (bucket === undefined) return undefined;
    for (const known of bucket)
      if (known.shape.names.length === count && startsWith(bytes, at, end, known.bytes)) {
        this.foundBytes = known.bytes.length;
        return known.shape;
      }
    return undefined;
  }

  /** Remembers that the bytes from `at` to `end` say these names. */
  add(bytes: Uint8Array, at: number, end: number, shape: ReadShape): void {
    if (end - at > mostBytes) return;
    this.#buckets ??= new Array(buckets).fill(undefined);
    const index = bucketOf(bytes, at, shape.names.length);
    let bucket = this.#buckets[index];
    if (bucket === undefined) {
      bucket = [];
      this.#buckets[index] = bucket;
    }
    // A copy, which `slice` is not where the chunk is a Buffer: the chunk may be used again, or be large.
    const known: KnownShape = { bytes: new Uint8Array(bytes.subarray(at, end)), shape };
    if (bucket.length < bucketSize) bucket.push(known);
    else bucket[this.#next++ % bucketSize] = known;
  }
}

/** By the first name's length and last letter (which is always one of its bytes), and by how many names there are. */
function bucketOf(bytes: Uint8Array, at: number, count: number): number {
  const first = bytes[at] as number;
  const last = bytes[at + (first & 0x3f)] as number;
  return (first * 7 + last * 13 + count * 31) % buckets;
}

function startsWith(bytes: Uint8Array, at: number, end: number, known: Uint8Array): boolean {
  const { length } = known;
  if (end - at < length) return false;
  for (let i = 0; i < length; i++) if (bytes[at + i] !== known[i]) return false;
  return true;
}
