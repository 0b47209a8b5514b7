/** Looking through the bytes of JSON without reading it: where strings end, and how deep it goes. */

const quote = 0x22;
const backslash = 0x5c;
/** Most strings end within so many bytes; a native search pays only behind them. */
const nearBytes = 32;

/**
 * The index of the quote that closes the string whose inside goes on at `from`.
 * Not there: the length of the bytes, or one more where they end in an escape whose second byte is still to come.
 */
export function closingQuote(bytes: Uint8Array, from: number): number {
  let i = from;
  while (i < bytes.length) {
    for (const near = Math.min(i + nearBytes, bytes.length); i < near; i++) {
      const byte = bytes[i];
      if (byte === quote) return i;
      if (byte === backslash) i++;
    }
    if (i >= bytes.length) return i;
    const found = bytes.indexOf(quote, i);
    const end = found === -1 ? bytes.length : found;
    let escapes = 0;
    while (end - escapes > i && bytes[end - escapes - 1] === backslash) escapes++;
    const isEscaped = escapes % 2 === 1;
    if (found === -1) return isEscaped ? end + 1 : end;
    if (!isEscaped) return end;
    i = end + 1;
  }
  return i;
}

/** `[` or `{`: they differ in the bit 0x20 alone. */
export function opens(byte: number): boolean {
  return (byte | 0x20) === 0x7b;
}

/** `]` or `}`. */
export function closes(byte: number): boolean {
  return (byte | 0x20) === 0x7d;
}

/** Depth of the value in this JSON text: 0 for a scalar. Of what is no JSON, at least the depth of its valid beginning. */
export function jsonDepth(bytes: Uint8Array): number {
  let depth = 0;
  let deepest = 0;
  for (let i = 0; i < bytes.length; i++) {
    const byte = bytes[i] as number;
    if (byte === quote) i = closingQuote(bytes, i + 1);
    else if (opens(byte)) {
      depth++;
      if (depth > deepest) deepest = depth;
    } else if (closes(byte)) depth--;
  }
  return deepest;
}
