/**
 * Bytes to numbers and strings: `tags.ts` has the table of what is read.
 *
 * Every count is checked against the bytes that are there before anything is made of it. What is wrong throws a
 * `KindredError`.
 */
import { KindredError } from '../../base/errors.ts';
import type { Text } from '../text.ts';
import * as tag from './tags.ts';

/** ASCII strings up to this length are made faster here than by `Text.decode` (measured on Node.js 24). */
const loopLength = 12;

const scratchBytes = new Uint8Array(8);
const scratch = new DataView(scratchBytes.buffer);
const noBytes = new Uint8Array(0);

export class ScalarReader {
  readonly #text: Text;
  bytes: Uint8Array<ArrayBuffer> = noBytes;
  at = 0;
  end = 0;

  constructor(text: Text) {
    this.#text = text;
  }

  /** Nothing is held of a chunk that the transport may use again. */
  release(): void {
    this.bytes = noBytes;
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
    if (byte >= tag.STRING && byte < tag.ARRAY) return this.textOf(byte - tag.STRING);
    if (byte === tag.LONG_STRING) return this.textOf(this.count());
    if (byte === tag.UTF16_STRING) return this.utf16Text(this.count());
    return this.wrong('a string was expected');
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

  textOf(size: number): string {
    this.need(size);
    const start = this.at;
    const end = start + size;
    this.at = end;
    if (size <= loopLength) {
      const short = shortAscii(this.bytes, start, end);
      if (short !== undefined) return short;
    }
    try {
      return this.#text.decode(this.bytes, start, end);
    } catch {
      return this.wrong('a string is no UTF-8');
    }
  }

  utf16Text(units: number): string {
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
