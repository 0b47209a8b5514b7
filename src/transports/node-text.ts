/**
 * `Text` and memory built on Buffer.
 *
 * Measured on Node.js 22 to 26: `utf8Slice` and a look for U+FFFD take half the time of a fatal `TextDecoder` for the
 * short strings of which messages are full, and no more for long ones. Invalid bytes always become U+FFFD, so that only
 * a text which holds one has to be checked.
 */
import { Buffer, isUtf8 } from 'node:buffer';
import type { Text } from '../wire/text.ts';

// Methods of Buffer.prototype that work on any Uint8Array; @types/node knows only those of the documentation.
const { utf8Slice, utf8Write } = Buffer.prototype as unknown as {
  utf8Slice(this: Uint8Array, start: number, end: number): string;
  utf8Write(this: Uint8Array, string: string, at: number): number;
};

/** Up to so many ASCII characters are written faster by a loop than by a call into C++. */
const loopLength = 12;

export const nodeText: Text = {
  decode(bytes, start, end) {
    const string = utf8Slice.call(bytes, start, end);
    if (string.includes('\ufffd') && !isUtf8(bytes.subarray(start, end)))
      throw new TypeError('the bytes are not valid UTF-8');
    return string;
  },
  byteLength: (string) => Buffer.byteLength(string),
  write(target, string, at) {
    const { length } = string;
    if (length > loopLength) return utf8Write.call(target, string, at);
    for (let i = 0; i < length; i++) {
      const unit = string.charCodeAt(i);
      if (unit > 0x7f) return utf8Write.call(target, string, at);
      target[at + i] = unit;
    }
    return length;
  },
};

/** Memory that is not filled with zeros first. Not of Buffer's pool, and no Buffer, because users get it. */
export const allocate = (bytes: number): Uint8Array<ArrayBuffer> =>
  new Uint8Array(Buffer.allocUnsafeSlow(bytes).buffer as ArrayBuffer);
