/**
 * Where the bytes of messages are written: slabs of memory, each filled from its start to its end, never used again.
 *
 * ```
 *   slab  | message | message | message being wr ...          |
 *                             ^start             ^at
 * ```
 * Messages lie back to back, so that many of them go out as one chunk. A message that outgrows its slab goes on in the
 * next one; large byte arrays are not copied but become parts of their own between the slabs.
 */
import { KindredError } from '../../base/errors.ts';
import type { Encoded } from '../dialect.ts';

/**
 * The first slab of a codec; later ones double, so that an idle connection costs little and a busy one seldom asks for
 * memory (slabs of 8 KiB instead of 32 cost a tenth for small messages, a third for those of 10 KiB).
 */
const firstSlabBytes = 1024;
const maxSlabBytes = 32 * 1024;
/** A message with no more than so much written when the slab is full moves to the next slab, so that it stays whole. */
const moveBytes = 4096;

/** A finished message. It stays where it was written: `slab` from `start` to `end`, or in several parts. */
export class WrittenMessage implements Encoded {
  readonly slab: Uint8Array;
  readonly start: number;
  readonly end: number;
  readonly parts: readonly Uint8Array[] | undefined;
  readonly bytes: number;

  constructor(
    slab: Uint8Array,
    start: number,
    end: number,
    parts: readonly Uint8Array[] | undefined,
    bytes: number,
  ) {
    this.slab = slab;
    this.start = start;
    this.end = end;
    this.parts = parts;
    this.bytes = bytes;
  }

  get chunks(): Uint8Array[] {
    return this.parts === undefined ? [this.slab.subarray(this.start, this.end)] : [...this.parts];
  }
}

export class Arena {
  /** The slab, and where the next byte goes. Writers make room first, then write on their own. */
  bytes: Uint8Array<ArrayBuffer> = new Uint8Array(0);
  at = 0;
  /** The same slab, for numbers of several bytes. */
  view: DataView = new DataView(this.bytes.buffer);

  #start = 0;
  /** Where the message began, to go back to. */
  #beginBytes: Uint8Array<ArrayBuffer> = this.bytes;
  #beginAt = 0;
  /** Of a message in several parts: those that are complete. */
  #parts: Uint8Array[] | undefined;
  #partsBytes = 0;
  #slabBytes = firstSlabBytes / 2;
  readonly #maxMessageBytes: number;

  constructor(maxMessageBytes: number) {
    this.#maxMessageBytes = maxMessageBytes;
  }

  /** Begins a message. */
  begin(): void {
    this.#start = this.at;
    this.#beginBytes = this.bytes;
    this.#beginAt = this.at;
  }

  /** Makes sure that `count` bytes can be written at `at`. */
  room(count: number): void {
    if (this.at + count > this.bytes.length) this.#nextSlab(count);
  }

  /** Puts bytes into the message without copying them. */
  append(view: Uint8Array): void {
    this.checkSize(view.length);
    this.#closePart();
    this.#parts?.push(view);
    this.#partsBytes += view.length;
  }

  /** Throws `ERR_LIMIT` where the message, with `more` bytes, is larger than it may be. */
  checkSize(more = 0): void {
    const size = this.#partsBytes + this.at - this.#start + more;
    if (size > this.#maxMessageBytes)
      throw new KindredError(
        'ERR_LIMIT',
        `the message is larger than maxMessageBytes (${this.#maxMessageBytes})`,
      );
  }

  /** Ends the message. Its first bytes are a frame's header, whose length is written now. */
  finish(): WrittenMessage {
    this.checkSize();
    const parts = this.#parts;
    if (parts === undefined) {
      const start = this.#start;
      const size = this.at - start;
      setLength(this.bytes, start, size);
      return new WrittenMessage(this.bytes, start, this.at, undefined, size);
    }
    this.#closePart();
    const size = this.#partsBytes;
    setLength(parts[0] as Uint8Array, 0, size);
    this.#parts = undefined;
    this.#partsBytes = 0;
    return new WrittenMessage(this.bytes, 0, 0, parts, size);
  }

  /** Forgets the message that was begun. */
  abandon(): void {
    if (this.bytes !== this.#beginBytes) {
      this.bytes = this.#beginBytes;
      this.view = new DataView(this.bytes.buffer);
    }
    this.at = this.#beginAt;
    this.#parts = undefined;
    this.#partsBytes = 0;
  }

  #closePart(): void {
    this.#parts ??= [];
    if (this.at > this.#start) this.#parts.push(this.bytes.subarray(this.#start, this.at));
    this.#partsBytes += this.at - this.#start;
    this.#start = this.at;
  }

  #nextSlab(count: number): void {
    this.checkSize();
    this.#slabBytes = Math.min(2 * this.#slabBytes, maxSlabBytes);
    const written = this.at - this.#start;
    const moved = this.#parts === undefined && written <= moveBytes ? written : 0;
    if (moved === 0 && written > 0) this.#closePart();
    const slab = new Uint8Array(Math.max(this.#slabBytes, moved + count));
    if (moved > 0) slab.set(this.bytes.subarray(this.#start, this.at));
    this.bytes = slab;
    this.view = new DataView(slab.buffer);
    this.#start = 0;
    this.at = moved;
  }
}

/** Bytes of a frame's header: u8 head, u24 LE length of what follows. */
export const headerBytes = 4;
/** A frame, header and all, is never longer. A larger message is cut; chunks of 64 KiB, as streams have them, are not. */
export const maxFrameBytes: number = 128 * 1024;

/** Writes the length of a frame into its header. Where it is too long for one frame it will be cut, and has no use. */
export function setLength(bytes: Uint8Array, at: number, frameBytes: number): void {
  const length = frameBytes - headerBytes;
  bytes[at + 1] = length;
  bytes[at + 2] = length >>> 8;
  bytes[at + 3] = length >>> 16;
}
