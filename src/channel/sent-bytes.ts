/**
 * What was written to a connection and is not known to have arrived: a copy, since whoever sent it may change his bytes
 * once they are written. Bytes are counted from the first that was ever written.
 *
 * ```
 *   segments  |....xxxxxxxx|xxxxxxxxxxxx|xxxxx.......|
 *                  ^start                    ^end
 * ```
 */
import type { Chunk } from '../wire/dialect.ts';
import type { Text } from '../wire/text.ts';

/** An idle connection costs little; segments double. */
const firstSegmentBytes = 1024;
const maxSegmentBytes = 64 * 1024;
/** So many are used again while something is under way. */
const maxSpares = 8;

interface Segment {
  bytes: Uint8Array;
  from: number;
  to: number;
}

export class SentBytes {
  /** The first that is kept. */
  start = 0;
  /** All that was written. */
  end = 0;
  readonly #text: Text;
  readonly #segments: Segment[] = [];
  #spares: Uint8Array[] = [];
  #segmentBytes = firstSegmentBytes / 2;

  constructor(text: Text) {
    this.#text = text;
  }

  /** Bytes that are kept. */
  get size(): number {
    return this.end - this.start;
  }

  append(chunk: Chunk): void {
    const bytes = typeof chunk === 'string' ? this.#encoded(chunk) : chunk;
    this.end += bytes.length;
    for (let at = 0; at < bytes.length; ) {
      const segment = this.#roomy();
      const count = Math.min(segment.bytes.length - segment.to, bytes.length - at);
      segment.bytes.set(count === bytes.length ? bytes : bytes.subarray(at, at + count), segment.to);
      segment.to += count;
      at += count;
    }
  }

  /** All up to here has arrived. */
  release(upTo: number): void {
    while (this.start < upTo) {
      const segment = this.#segments[0] as Segment;
      const count = Math.min(segment.to - segment.from, upTo - this.start);
      segment.from += count;
      this.start += count;
      if (segment.from < segment.to) break;
      this.#segments.shift();
      if (segment.bytes.length === maxSegmentBytes && this.#spares.length < maxSpares)
        this.#spares.push(segment.bytes);
    }
    if (this.start === this.end) this.#forget();
  }

  /** What is kept, in its order. */
  kept(): Uint8Array[] {
    return this.#segments.map(({ bytes, from, to }) => bytes.subarray(from, to));
  }

  #forget(): void {
    this.#segments.length = 0;
    this.#spares = [];
    this.#segmentBytes = firstSegmentBytes / 2;
  }

  #roomy(): Segment {
    const last = this.#segments.at(-1);
    if (last !== undefined && last.to < last.bytes.length) return last;
    this.#segmentBytes = Math.min(2 * this.#segmentBytes, maxSegmentBytes);
    const bytes = this.#spares.pop() ?? new Uint8Array(this.#segmentBytes);
    const segment = { bytes, from: 0, to: 0 };
    this.#segments.push(segment);
    return segment;
  }

  #encoded(string: string): Uint8Array {
    const bytes = new Uint8Array(this.#text.byteLength(string));
    this.#text.write(bytes, string, 0);
    return bytes;
  }
}
