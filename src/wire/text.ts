/**
 * Text to bytes and back: the one thing for which a runtime may offer something much faster than the web standard.
 *
 * The codecs take it as an argument. `webText` works everywhere; on Node.js the transports hand in one built on Buffer.
 */
export interface Text {
  /** UTF-8 bytes `start` (inclusive) to `end` (exclusive) as a string. Throws `TypeError` where they are no UTF-8. */
  decode(bytes: Uint8Array, start: number, end: number): string;
  /** Bytes of the string in UTF-8. Lone surrogates count, and are written, as U+FFFD. */
  byteLength(string: string): number;
  /** Writes the string as UTF-8 at `at`; the caller has made room. Returns the bytes written. */
  write(target: Uint8Array, string: string, at: number): number;
}

const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
const encoder = new TextEncoder();

export const webText: Text = {
  decode: (bytes, start, end) => decoder.decode(bytes.subarray(start, end)),
  byteLength(string) {
    let bytes = 0;
    for (let i = 0; i < string.length; i++) {
      const unit = string.charCodeAt(i);
      if (unit < 0x80) bytes += 1;
      else if (unit < 0x800) bytes += 2;
      else {
        const next = string.charCodeAt(i + 1);
        const pair = unit >= 0xd800 && unit < 0xdc00 && next >= 0xdc00 && next < 0xe000;
        bytes += pair ? 4 : 3;
        if (pair) i++;
      }
    }
    return bytes;
  },
  write: (target, string, at) => encoder.encodeInto(string, target.subarray(at)).written,
};

/** One of its kind for each `Text`, made when it is first asked for. */
export function perText<T extends object>(make: (text: Text) => T): (text: Text) => T {
  const made = new WeakMap<Text, T>();
  return (text) => {
    const found = made.get(text) ?? make(text);
    made.set(text, found);
    return found;
  };
}
