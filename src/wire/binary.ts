/**
 * The dialect `binary`, spoken between two Kindreds.
 *
 * ```
 *   stream    FF 4B 4E 01 | frame | frame | frame ...            once from each end: 'KN', version 1
 *   message   head u8 | length u24 | fields                      head: kind and flags (binary-kinds.ts)
 *   first     30   u8 | length u24 | body u32 | head u8 | total u32 | data     of a message too large for a frame
 *   further   31   u8 | length u24 | body u32 | data                           until `total` bytes of data came
 * ```
 * All numbers are little-endian; `length` counts what follows it. A frame is at most 128 KiB, and a message above that
 * is cut, so that other frames pass between its pieces.
 */
import { KindredError } from '../base/errors.ts';
import { FrameReader, firstPieceKind, furtherPieceKind, prologue } from './binary-frames.ts';
import { MessageReader } from './binary-reader.ts';
import { MessageWriter } from './binary-writer.ts';
import { BodiesUnderWay } from './bodies.ts';
import type { Chunk, Codec, CodecOptions, Encoded } from './dialect.ts';
import type { ExportReference, Message } from './message.ts';
import { headerBytes, maxFrameBytes, setLength, WrittenMessage } from './value/arena.ts';

export function createBinaryCodec(options: CodecOptions): Codec {
  return new BinaryCodec(options);
}

class BinaryCodec implements Codec {
  readonly name = 'binary';
  readonly #writer: MessageWriter;
  readonly #frames: FrameReader;
  readonly #underWay = new BodiesUnderWay();
  #prologueIsWritten = false;
  #lastBody = 0;

  constructor({ mode, limits, text, allocate, sink, importReference }: CodecOptions) {
    // The size of a cut message is told in 32 bits.
    const maxMessageBytes = Math.min(limits.maxMessageBytes, 0xffff_ffff);
    const messageOptions = { mode, text, maxMessageBytes, maxDepth: limits.maxDepth };
    this.#writer = new MessageWriter(messageOptions);
    const reader = new MessageReader(messageOptions, importReference);
    this.#frames = new FrameReader(
      maxMessageBytes,
      (head, bytes, at, end, owned) => sink(reader.read(head, bytes, at, end, owned), headerBytes + end - at),
      allocate,
    );
  }

  push(chunk: Uint8Array): undefined {
    this.#frames.push(chunk as Uint8Array<ArrayBuffer>);
  }

  room(): Uint8Array | undefined {
    return this.#frames.room();
  }

  end(): void {
    this.#frames.end();
  }

  encode(message: Message, exportReference?: ExportReference): Encoded | undefined {
    return this.#writer.write(message, exportReference);
  }

  /** Messages that lie back to back in memory go out as one chunk. */
  frame(batch: readonly Encoded[]): Chunk[] {
    const chunks = this.#prologue();
    let slab: Uint8Array | undefined;
    let start = 0;
    let end = 0;
    for (const encoded of batch) {
      const message = own(encoded);
      if (message.parts === undefined && message.slab === slab && message.start === end) {
        end = message.end;
        continue;
      }
      if (slab !== undefined) chunks.push(slab.subarray(start, end));
      slab = undefined;
      if (message.bytes > maxFrameBytes) for (const piece of this.cut(message)) chunks.push(...piece);
      else if (message.parts !== undefined) chunks.push(...message.parts);
      else ({ slab, start, end } = message);
    }
    if (slab !== undefined) chunks.push(slab.subarray(start, end));
    return chunks;
  }

  mayCut(encoded: Encoded): boolean {
    return encoded.bytes <= maxFrameBytes || this.#underWay.admits(encoded.bytes);
  }

  *cut(encoded: Encoded): Generator<Chunk[], void> {
    const message = own(encoded);
    if (message.bytes <= maxFrameBytes) {
      yield this.frame([message]);
      return;
    }
    if (!this.#underWay.admits(message.bytes))
      throw new KindredError('ERR_INTERNAL', 'a large message was begun while too many others are under way');
    const done = this.#underWay.begin(message.bytes);
    const { chunks } = message;
    const head = (chunks[0] as Uint8Array)[0] as number;
    const body = this.#nextBody();
    const data = new Slices(chunks, headerBytes);
    let header = firstHeader(body, head, message.bytes - headerBytes);
    for (let left = message.bytes - headerBytes; left > 0; ) {
      const size = Math.min(left, maxFrameBytes - header.length);
      setLength(header, 0, header.length + size);
      left -= size;
      if (left === 0) done();
      yield [...this.#prologue(), header, ...data.take(size)];
      header = furtherHeader(body);
    }
  }

  #nextBody(): number {
    this.#lastBody = (this.#lastBody + 1) >>> 0;
    return this.#lastBody;
  }

  #prologue(): Chunk[] {
    if (this.#prologueIsWritten) return [];
    this.#prologueIsWritten = true;
    return [prologue.slice()];
  }
}

function own(encoded: Encoded): WrittenMessage {
  if (encoded instanceof WrittenMessage) return encoded;
  throw new KindredError('ERR_INTERNAL', 'a message that another codec encoded');
}

function firstHeader(body: number, head: number, total: number): Uint8Array {
  const header = new Uint8Array(headerBytes + 9);
  const view = new DataView(header.buffer);
  header[0] = firstPieceKind;
  view.setUint32(4, body, true);
  header[8] = head;
  view.setUint32(9, total, true);
  return header;
}

function furtherHeader(body: number): Uint8Array {
  const header = new Uint8Array(headerBytes + 4);
  header[0] = furtherPieceKind;
  new DataView(header.buffer).setUint32(4, body, true);
  return header;
}

/** Takes bytes from the front of a list of chunks, without copying them. */
class Slices {
  readonly #chunks: readonly Uint8Array[];
  #index = 0;
  #at: number;

  constructor(chunks: readonly Uint8Array[], at: number) {
    this.#chunks = chunks;
    this.#at = at;
  }

  take(count: number): Uint8Array[] {
    const slices: Uint8Array[] = [];
    for (let left = count; left > 0; ) {
      const chunk = this.#chunks[this.#index];
      if (chunk === undefined || this.#at >= chunk.length)
        throw new KindredError(
          'ERR_BAD_ARGUMENT',
          'bytes were taken away (transferred) while they were being sent',
        );
      const slice = chunk.subarray(this.#at, this.#at + left);
      slices.push(slice);
      left -= slice.length;
      this.#at += slice.length;
      if (this.#at >= chunk.length) {
        this.#index++;
        this.#at = 0;
      }
    }
    return slices;
  }
}
