/** The dialect `json-lines`: one JSON text a line, `\n` behind each. */
import type { Codec, CodecOptions } from './dialect.ts';
import { createHeldBytes } from './held-bytes.ts';
import { createJsonCodec, type Framing, type JsonIntake } from './json-codec.ts';

const newline = 0x0a;
const carriageReturn = 0x0d;
/** UTF-8 never holds this byte: at the start of a line it says that the other end goes on in `binary`. */
const binaryMark = 0xff;
const blank = /^[ \t\r]*$/;

export function createJsonLinesCodec(options: CodecOptions): Codec {
  return createJsonCodec(options, {
    name: 'json-lines',
    unit: 'line',
    recovers: true,
    frame: (intake) => lines(intake, options),
  });
}

function lines(intake: JsonIntake, { mode, text: utf8, limits }: CodecOptions): Framing {
  /** The beginning of a line whose end has not come. */
  const held = createHeldBytes();
  const switches = mode === 'calls';

  /** A line, and its bytes in the chunk. */
  function takeText(line: string, chunk: Uint8Array, start: number, end: number): void {
    const stop = chunk[end - 1] === carriageReturn ? end - 1 : end;
    if (stop - start > limits.maxMessageBytes) throw intake.tooLarge();
    // A line that begins with a bracket, as all but a few do, is not blank.
    if (line !== '' && (line.charCodeAt(0) > 0x20 || !blank.test(line)))
      intake.text(line, chunk, start, stop);
  }

  function takeBytes(chunk: Uint8Array, start: number, end: number): void {
    const stop = end > start && chunk[end - 1] === carriageReturn ? end - 1 : end;
    if (stop - start > limits.maxMessageBytes) throw intake.tooLarge();
    for (let i = start; i < stop; i++) {
      const byte = chunk[i] as number;
      if (byte === 0x20 || byte === 0x09 || byte === carriageReturn) continue;
      intake.bytes(chunk, start, stop);
      return;
    }
  }

  /** Whole lines, the last newline excluded. The index of a line that begins with the mark of `binary`, or -1. */
  function takeLines(chunk: Uint8Array, start: number, end: number): number {
    let text: string;
    try {
      // One string for all of them costs far less than one for each.
      text = utf8.decode(chunk, start, end);
    } catch {
      return takeOneByOne(chunk, start, end);
    }
    const ascii = text.length === end - start;
    let at = 0;
    let byteAt = start;
    while (at <= text.length) {
      const next = text.indexOf('\n', at);
      const stop = next === -1 ? text.length : next;
      const line = text.slice(at, stop);
      const byteEnd = byteAt + (ascii ? line.length : utf8.byteLength(line));
      takeText(line, chunk, byteAt, byteEnd);
      at = stop + 1;
      byteAt = byteEnd + 1;
    }
    return -1;
  }

  /** The same where some byte is no UTF-8: only the line that holds it suffers. */
  function takeOneByOne(chunk: Uint8Array, start: number, end: number): number {
    let at = start;
    while (at <= end) {
      if (switches && chunk[at] === binaryMark) return at;
      const next = chunk.indexOf(newline, at);
      takeBytes(chunk, at, next);
      at = next + 1;
    }
    return -1;
  }

  function hold(chunk: Uint8Array, start: number): void {
    held.append(chunk, start, chunk.length);
    const over = held.length - limits.maxMessageBytes;
    // The byte too many may be the first half of `\r\n`.
    if (over > 1 || (over === 1 && chunk[chunk.length - 1] !== carriageReturn)) throw intake.tooLarge();
  }

  return {
    push(chunk) {
      let start = 0;
      if (held.length > 0) {
        const end = chunk.indexOf(newline);
        if (end === -1) {
          hold(chunk, 0);
          return undefined;
        }
        held.append(chunk, 0, end);
        const line = held.take();
        takeBytes(line, 0, line.length);
        start = end + 1;
      }
      const last = chunk.lastIndexOf(newline);
      if (last >= start) {
        const mark = takeLines(chunk, start, last);
        if (mark !== -1) return chunk.subarray(mark);
        start = last + 1;
      }
      if (start === chunk.length) return undefined;
      if (switches && chunk[start] === binaryMark) return chunk.subarray(start);
      hold(chunk, start);
      return undefined;
    },
    end() {
      const line = held.take();
      takeBytes(line, 0, line.length);
    },
    dress: ({ text, bytes }) => ({ text: `${text}\n`, bytes: bytes + 1 }),
  };
}
