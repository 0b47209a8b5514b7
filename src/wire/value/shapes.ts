/**
 * Shapes: the names of an object's properties, in order. A message says the names of a shape once; further objects of
 * that shape say its number.
 */

/** A shape that the writer remembers has no more names; objects with more are mostly tables, each unlike the others. */
const mostNames = 64;
/** The writer looks for a shape among the latest so many. */
const latest = 8;

/** The shapes of one message that is being written. */
export class WrittenShapes {
  static readonly mostNames: number = mostNames;
  /** The latest shapes, each at its number modulo `latest`; the arrays are used again. */
  readonly #names: string[][] = Array.from({ length: latest }, () => []);
  readonly #counts: number[] = new Array(latest).fill(-1);
  #defined = 0;

  /** The number of the shape with these names; -1 where it is not known. */
  find(names: readonly string[], count: number): number {
    const oldest = Math.max(0, this.#defined - latest);
    for (let number = this.#defined - 1; number >= oldest; number--) {
      const slot = number % latest;
      if (this.#counts[slot] === count && sameNames(this.#names[slot] as string[], names, count))
        return number;
    }
    return -1;
  }

  /** These names have just been written: that defines the next shape. */
  add(names: readonly string[], count: number): void {
    const slot = this.#defined++ % latest;
    this.#counts[slot] = count > mostNames ? -1 : count;
    if (count > mostNames) return;
    const copy = this.#names[slot] as string[];
    for (let i = 0; i < count; i++) copy[i] = names[i] as string;
  }

  clear(): void {
    this.#defined = 0;
  }
}

function sameNames(known: readonly string[], names: readonly string[], count: number): boolean {
  for (let i = 0; i < count; i++) if (known[i] !== names[i]) return false;
  return true;
}

/** Names as they stood on the wire, and as strings. */
export interface KnownNames {
  bytes: Uint8Array;
  names: readonly string[];
}

/** Buckets of known names, and how many each keeps: a peer that sends ever new names gains nothing by it. */
const buckets = 64;
const bucketSize = 4;
const mostBytes = 256;

/**
 * What the reader remembers from message to message: names that it has read, by their bytes. To compare the bytes with
 * those of the last time costs a fifth of making strings of them again.
 */
export class NameCache {
  #buckets: (KnownNames[] | undefined)[] | undefined;
  #next = 0;

  /** Names known to stand at `at`, or undefined. */
  find(bytes: Uint8Array, at: number, end: number, count: number): KnownNames | undefined {
    const bucket = this.#buckets?.[bucketOf(bytes, at, count)];
    if (bucket === undefined) return undefined;
    for (const known of bucket)
      if (known.names.length === count && startsWith(bytes, at, end, known.bytes)) return known;
    return undefined;
  }

  /** Remembers that the bytes from `at` to `end` say these names. */
  add(bytes: Uint8Array, at: number, end: number, names: readonly string[]): void {
    if (end - at > mostBytes) return;
    this.#buckets ??= new Array(buckets).fill(undefined);
    const index = bucketOf(bytes, at, names.length);
    let bucket = this.#buckets[index];
    if (bucket === undefined) this.#buckets[index] = bucket = [];
    const known: KnownNames = { bytes: bytes.slice(at, end), names };
    if (bucket.length < bucketSize) bucket.push(known);
    else bucket[this.#next++ % bucketSize] = known;
  }
}

/** By the first name's length and first letter, and by how many there are. */
function bucketOf(bytes: Uint8Array, at: number, count: number): number {
  return ((bytes[at] as number) * 7 + (bytes[at + 1] as number) * 13 + count * 31) % buckets;
}

function startsWith(bytes: Uint8Array, at: number, end: number, known: Uint8Array): boolean {
  const { length } = known;
  if (end - at < length) return false;
  for (let i = 0; i < length; i++) if (bytes[at + i] !== known[i]) return false;
  return true;
}
