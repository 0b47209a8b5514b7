/** Numbers and strings to bytes: `tags.ts` has the table of what is written. */
import type { Text } from '../text.ts';
import { Arena } from './arena.ts';
import * as tag from './tags.ts';

/** ASCII strings up to this length are written faster by a loop than by `Text.write` (measured on Node.js 24). */
const loopLength = 32;
/** Up to this length, room for the worst case is made instead of counting bytes first. */
const uncountedLength = 1024;

/** Where no message is being written. */
const noArena = new Arena(0);

export class ScalarWriter {
  /** Set for each message. */
  arena: Arena = noArena;
  readonly #text: Text;

  constructor(text: Text) {
    this.#text = text;
  }

  /** Nothing is held of a connection whose message is written. */
  dropArena(): void {
    this.arena = noArena;
  }

  byte(byte: number): void {
    const { arena } = this;
    arena.room(1);
    arena.bytes[arena.at++] = byte;
  }

  /** A tag and a count. */
  tagged(byte: number, count: number): void {
    const { arena } = this;
    arena.room(6);
    arena.bytes[arena.at++] = byte;
    arena.at = putCount(arena.bytes, arena.at, count);
  }

  count(count: number): void {
    const { arena } = this;
    arena.room(5);
    arena.at = putCount(arena.bytes, arena.at, count);
  }

  number(value: number): void {
    const { arena } = this;
    arena.room(9);
    const { bytes } = arena;
    // Below zero: n says -1 - n. And -0 is left to the doubles.
    const size = value < 0 ? -1 - value : value;
    if (size >>> 0 !== size || Object.is(value, -0)) {
      bytes[arena.at++] = tag.DOUBLE;
      this.double(value);
    } else if (value >= 0) {
      if (value < 0x40) bytes[arena.at++] = value;
      else if (value < 0x100) {
        bytes[arena.at++] = tag.INT_8;
        bytes[arena.at++] = value;
      } else if (value < 0x1_0000) {
        bytes[arena.at++] = tag.INT_16;
        bytes[arena.at++] = value;
        bytes[arena.at++] = value >>> 8;
      } else {
        bytes[arena.at++] = tag.INT_32;
        this.#u32(value);
      }
    } else if (size < 0x100) {
      bytes[arena.at++] = tag.NEGATIVE_8;
      bytes[arena.at++] = size;
    } else if (size < 0x1_0000) {
      bytes[arena.at++] = tag.NEGATIVE_16;
      bytes[arena.at++] = size;
      bytes[arena.at++] = size >>> 8;
    } else {
      bytes[arena.at++] = tag.NEGATIVE_32;
      this.#u32(size);
    }
  }

  #u32(value: number): void {
    const { arena } = this;
    arena.view.setUint32(arena.at, value, true);
    arena.at += 4;
  }

  /** Eight bytes. */
  double(value: number): void {
    const { arena } = this;
    arena.room(8);
    arena.view.setFloat64(arena.at, value, true);
    arena.at += 8;
  }

  string(value: string): void {
    const { length } = value;
    const { arena } = this;
    if (length <= loopLength) {
      arena.room(1 + loopLength);
      const { bytes, at } = arena;
      let i = 0;
      for (; i < length; i++) {
        const unit = value.charCodeAt(i);
        if (unit > 0x7f) break;
        bytes[at + 1 + i] = unit;
      }
      if (i === length) {
        bytes[at] = tag.STRING + length;
        arena.at = at + 1 + length;
        return;
      }
    }
    this.#longString(value);
  }

  #longString(value: string): void {
    const { arena } = this;
    const text = this.#text;
    const { length } = value;
    if (length > uncountedLength) {
      const size = text.byteLength(value);
      arena.checkSize(size);
      arena.room(6 + size);
    } else arena.room(6 + 3 * length);
    const { bytes, at } = arena;
    // The size of the head is guessed as if all were ASCII, which is nearly always right.
    const guess = stringHeadBytes(length);
    const written = text.write(bytes, value, at + guess);
    if (written !== length) {
      if (!value.isWellFormed()) {
        this.#utf16String(value);
        return;
      }
      const head = stringHeadBytes(written);
      if (head !== guess) bytes.copyWithin(at + head, at + guess, at + guess + written);
    }
    if (written < 0x40) {
      bytes[at] = tag.STRING + written;
      arena.at = at + 1 + written;
    } else {
      bytes[at] = tag.LONG_STRING;
      arena.at = putCount(bytes, at + 1, written) + written;
    }
  }

  #utf16String(value: string): void {
    const { arena } = this;
    arena.checkSize(2 * value.length);
    this.tagged(tag.UTF16_STRING, value.length);
    arena.room(2 * value.length);
    for (let i = 0; i < value.length; i++) {
      const unit = value.charCodeAt(i);
      arena.bytes[arena.at++] = unit;
      arena.bytes[arena.at++] = unit >>> 8;
    }
  }

  bigint(value: bigint): void {
    const negative = value < 0n;
    let hex = (negative ? -value : value).toString(16);
    if (hex.length % 2 === 1) hex = `0${hex}`;
    const size = hex.length / 2;
    this.arena.checkSize(size);
    this.tagged(negative ? tag.NEGATIVE_BIGINT : tag.BIGINT, size);
    this.arena.room(size);
    for (let i = hex.length - 2; i >= 0; i -= 2)
      this.arena.bytes[this.arena.at++] = Number.parseInt(hex.slice(i, i + 2), 16);
  }
}

/** Writes an unsigned LEB128 number; returns where the next byte goes. */
function putCount(bytes: Uint8Array, at: number, count: number): number {
  let rest = count;
  while (rest > 0x7f) {
    bytes[at++] = (rest & 0x7f) | 0x80;
    rest >>>= 7;
  }
  bytes[at++] = rest;
  return at;
}

function stringHeadBytes(size: number): number {
  if (size < 0x40) return 1;
  if (size < 0x80) return 2;
  if (size < 0x4000) return 3;
  if (size < 0x20_0000) return 4;
  return size < 0x1000_0000 ? 5 : 6;
}
