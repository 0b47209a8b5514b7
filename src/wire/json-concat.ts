/**
 * The dialect `json-concat`: JSON texts one after another, with any white space, or none, between them.
 *
 * ```
 *   begins with      is         ends with
 *   { [              nested     the bracket that closes the first one
 *   "                string     the closing quote
 *   - 0 ... 9        number     the byte behind it, or the end of the stream
 *   t f n            literal    its fourth or fifth letter
 * ```
 * Two numbers need white space between them. What is no JSON breaks the stream: nobody could say where the next begins.
 */
import { KindredError } from '../base/errors.ts';
import type { Codec, CodecOptions } from './dialect.ts';
import { createHeldBytes } from './held-bytes.ts';
import { createJsonCodec, type Framing, type JsonIntake } from './json-codec.ts';
import { envelopeLevels } from './json-rpc.ts';
import { closes, closingQuote, opens } from './json-scan.ts';

const quote = 0x22;
const minus = 0x2d;
const plus = 0x2b;
const dot = 0x2e;

export function createJsonConcatCodec(options: CodecOptions): Codec {
  return createJsonCodec(options, {
    name: 'json-concat',
    unit: 'value',
    recovers: false,
    frame: (intake) => values(intake, options),
  });
}

function values(intake: JsonIntake, { mode, limits }: CodecOptions): Framing {
  /** The beginning of a value whose end has not come. */
  const held = createHeldBytes();
  const deepest = mode === 'calls' ? limits.maxDepth + envelopeLevels : limits.maxDepth;
  let state: 'between' | 'nested' | 'string' | 'number' | 'literal' = 'between';
  let depth = 0;
  let deepestSeen = 0;
  let inString = false;
  let escaped = false;
  /** The byte of a number before the next one. */
  let previous = 0;
  /** Letters of a literal that have not come. */
  let missing = 0;

  /** Begins a value with this byte, which is then scanned as its first; false: white space. */
  function begin(byte: number): boolean {
    switch (byte) {
      case 0x20:
      case 0x09:
      case 0x0a:
      case 0x0d:
        return false;
      case 0x7b: // {
      case 0x5b: // [
        state = 'nested';
        deepestSeen = 0;
        return true;
      case quote:
        state = 'string';
        return true;
      case 0x74: // t
      case 0x66: // f
      case 0x6e: // n
        state = 'literal';
        missing = byte === 0x66 ? 5 : 4;
        return true;
      default:
        if (byte !== minus && !isDigit(byte))
          throw new KindredError(
            'ERR_PROTOCOL',
            `no value begins with the byte 0x${byte.toString(16).padStart(2, '0')}`,
          );
        state = 'number';
        previous = 0;
        return true;
    }
  }

  /** The index behind the last byte of the value, or -1 where that has not come. */
  function scan(chunk: Uint8Array, from: number): number {
    if (state === 'number') return scanNumber(chunk, from);
    if (state === 'literal') return scanLiteral(chunk, from);
    return scanNested(chunk, from);
  }

  function scanNested(chunk: Uint8Array, from: number): number {
    let level = depth;
    for (let i = from; i < chunk.length; i++) {
      if (!inString) {
        const byte = chunk[i] as number;
        if (byte === quote) {
          inString = true;
          i++;
        } else if (opens(byte)) {
          if (++level > deepestSeen) deepestSeen = level;
          if (level > deepest) throw intake.tooDeep();
        } else if (closes(byte) && --level === 0) {
          depth = 0;
          return i + 1;
        }
      }
      if (!inString) continue;
      i = closingQuote(chunk, escaped ? i + 1 : i);
      escaped = i > chunk.length;
      if (i >= chunk.length) break;
      inString = false;
      if (level === 0) return i + 1;
    }
    depth = level;
    return -1;
  }

  function scanNumber(chunk: Uint8Array, from: number): number {
    for (let i = from; i < chunk.length; i++) {
      const byte = chunk[i] as number;
      const isSign = byte === minus || byte === plus;
      const belongs = isSign
        ? previous === 0 || isExponent(previous)
        : isDigit(byte) || byte === dot || isExponent(byte);
      if (!belongs) return i;
      previous = byte;
    }
    return -1;
  }

  function scanLiteral(chunk: Uint8Array, from: number): number {
    const end = from + missing;
    if (end <= chunk.length) return end;
    missing = end - chunk.length;
    return -1;
  }

  function hold(chunk: Uint8Array, start: number, end: number): void {
    held.append(chunk, start, end);
    if (held.length > limits.maxMessageBytes) throw intake.tooLarge();
  }

  function finish(chunk: Uint8Array, start: number, end: number): void {
    const known = state === 'nested' ? deepestSeen : 0;
    state = 'between';
    if (held.length === 0) {
      intake.bytes(chunk, start, end, known);
      return;
    }
    hold(chunk, start, end);
    const value = held.take();
    intake.bytes(value, 0, value.length, known);
  }

  return {
    push(chunk) {
      let at = 0;
      while (at < chunk.length) {
        if (state === 'between' && !begin(chunk[at] as number)) {
          at++;
          continue;
        }
        const end = scan(chunk, at);
        if (end === -1) {
          hold(chunk, at, chunk.length);
          return undefined;
        }
        finish(chunk, at, end);
        at = end;
      }
      return undefined;
    },
    end() {
      if (state === 'between') return;
      if (state !== 'number')
        throw new KindredError('ERR_PROTOCOL', 'the stream ended in the middle of a value');
      finish(new Uint8Array(0), 0, 0);
    },
    dress: ({ text, bytes }) => ({ text: `${text}\n`, bytes: bytes + 1 }),
  };
}

function isDigit(byte: number): boolean {
  return byte >= 0x30 && byte <= 0x39;
}

function isExponent(byte: number): boolean {
  return byte === 0x65 || byte === 0x45;
}
