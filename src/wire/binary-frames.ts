/**
 * Frames of the binary dialect, out of the chunks in which they arrive.
 *
 * A message that lies whole in a chunk is read where it lies. One that is spread over chunks is gathered in a buffer
 * first, and a large one that was cut in a buffer of its own, each byte being copied once, or once more where the
 * buffer grows; not at all where the transport reads right into it (`room`). Buffers grow with what has arrived, not with
 * what was only announced; but whoever has just sent a large frame gets the memory for the next at once.
 *
 * The buffer of a large message grows 32-fold, so that a MiB has its whole buffer from its first piece on: growing
 * fourfold, 1 and 16 MiB cost half as much again, most of it for collecting what was outgrown. The steps are counted from
 * the whole size down (a whole, a 32nd, ...), so that the last copy is small: of 100 MB, 3 instead of up to 99, in which
 * time nobody else was heard for 50 ms. Memory that is not filled with zeros first saves another tenth.
 */
import { KindredError } from '../base/errors.ts';
import { BodiesUnderWay, maxBesideBytes, maxBodies } from './bodies.ts';
import { headerBytes, maxFrameBytes } from './value/arena.ts';

export const prologue: Readonly<Uint8Array> = Uint8Array.of(0xff, 0x4b, 0x4e, 0x01);

export const firstPieceKind = 30;
export const furtherPieceKind = 31;
const firstPieceHead = 9;
const furtherPieceHead = 4;

const noBytes = new Uint8Array(0);
/** A buffer begins with so much. */
const firstBufferBytes = 4096;
const growth = 32;
/** A frame of this size is large, and as much of one is worth a read of its own. */
const largeBytes = 16 * 1024;
/** So much more is read with it: the head of the frame behind it, whose rest then has room of its own at once. */
const tailBytes = 64;
/** Behind a large frame often comes another: a first read of it takes no more than this. */
const peekBytes = 4096;
/** Nothing is read while a chunk is being looked at, so that one serves all connections. */
const peekRoom = new Uint8Array(peekBytes);

/** Hears a whole message: its head byte, and where its fields are. `owned`: the bytes stay as they are. */
export type MessageSink = (
  head: number,
  bytes: Uint8Array<ArrayBuffer>,
  at: number,
  end: number,
  owned: boolean,
) => void;

/** A large message of which some pieces have come. */
interface Body {
  id: number;
  head: number;
  total: number;
  received: number;
  bytes: Uint8Array<ArrayBuffer>;
  /** Tells that it is complete. */
  done: () => void;
}

export class FrameReader {
  readonly #maxMessageBytes: number;
  readonly #sink: MessageSink;
  readonly #allocate: (bytes: number) => Uint8Array<ArrayBuffer>;
  /** Made for the first one. */
  #bodies: Map<number, Body> | undefined;
  readonly #underWay = new BodiesUnderWay();
  /** The beginning of a frame whose rest has not come: all of a message, the head of a piece. */
  #gathered: Uint8Array<ArrayBuffer> = noBytes;
  #gatheredBytes = 0;
  /** The large message whose piece is arriving, and how much of the piece is still to come. */
  #body: Body | undefined;
  #pieceLeft = 0;
  /** The frame before was large. */
  #wasLarge = false;
  #prologueBytes = 0;
  #begun = false;
  #dead = false;

  constructor(
    maxMessageBytes: number,
    sink: MessageSink,
    allocate = (bytes: number): Uint8Array<ArrayBuffer> => new Uint8Array(bytes),
  ) {
    this.#maxMessageBytes = maxMessageBytes;
    this.#sink = sink;
    this.#allocate = allocate;
  }

  push(chunk: Uint8Array<ArrayBuffer>): void {
    if (this.#dead) throw new KindredError('ERR_PROTOCOL', 'after an error the stream cannot go on');
    // Whatever is thrown below leaves it dead, since the place in the stream is lost.
    this.#dead = true;
    // What was read behind a message into its memory must leave it before the message does.
    const own = this.#ownBytesOf(chunk);
    if (own < chunk.length) {
      const tail = new Uint8Array(chunk.subarray(own));
      this.#eat(chunk.subarray(0, own));
      this.#eat(tail);
    } else this.#eat(chunk);
    this.#dead = false;
  }

  #eat(chunk: Uint8Array<ArrayBuffer>): void {
    let at = this.#prologueBytes < prologue.length ? this.#readPrologue(chunk) : 0;
    while (at < chunk.length) {
      if (this.#pieceLeft > 0) {
        at += this.#takeData(chunk, at);
        continue;
      }
      const available = chunk.length - at;
      let wanted = headerBytes;
      if (this.#gatheredBytes >= headerBytes) wanted = this.#needed(this.#gathered, 0);
      else if (this.#gatheredBytes === 0 && available >= headerBytes) {
        wanted = this.#needed(chunk, at);
        if (wanted <= available) {
          this.#wasLarge = wanted >= largeBytes;
          this.#take(chunk, at, wanted);
          at += wanted;
          continue;
        }
      }
      at += this.#gather(chunk, at, wanted);
    }
  }

  /** How much of the chunk belongs to the message in whose memory it stands; all, where it stands in none. */
  #ownBytesOf(chunk: Uint8Array<ArrayBuffer>): number {
    if (chunk.buffer !== this.#gathered.buffer) return chunk.length;
    return this.#needed(this.#gathered, 0) - this.#gatheredBytes;
  }

  /** Where the next bytes are best put. */
  room(): Uint8Array<ArrayBuffer> | undefined {
    if (this.#dead) return undefined;
    const body = this.#body;
    if (this.#pieceLeft >= largeBytes && body !== undefined) {
      const { bytes, received } = body;
      const end = Math.min(bytes.length, received + this.#pieceLeft + tailBytes);
      return end - received >= largeBytes ? bytes.subarray(received, end) : undefined;
    }
    const have = this.#gatheredBytes;
    if (have >= headerBytes) {
      const end = Math.min(this.#gathered.length, this.#needed(this.#gathered, 0) + tailBytes);
      if (end - have >= largeBytes) return this.#gathered.subarray(have, end);
    }
    return this.#wasLarge ? peekRoom : undefined;
  }

  end(): void {
    const between = this.#gatheredBytes === 0 && this.#pieceLeft === 0 && (this.#bodies?.size ?? 0) === 0;
    // Nothing at all is a stream too; a prologue without a message is not.
    if (!between || (this.#prologueBytes > 0 && !this.#begun))
      throw new KindredError('ERR_PROTOCOL', 'the stream ended in the middle of a message');
  }

  #readPrologue(chunk: Uint8Array): number {
    let at = 0;
    for (; at < chunk.length && this.#prologueBytes < prologue.length; at++) {
      const byte = chunk[at] as number;
      const expected = prologue[this.#prologueBytes++] as number;
      if (byte === expected) continue;
      throw new KindredError(
        'ERR_PROTOCOL',
        this.#prologueBytes === prologue.length
          ? `the other end speaks version ${byte} of the binary dialect, this end version ${expected}`
          : 'what the other end says is not the binary dialect',
      );
    }
    return at;
  }

  /** How much of the frame has to be there at once: all of a message, the head of a piece. Checks the frame's header. */
  #needed(bytes: Uint8Array, at: number): number {
    const kind = bytes[at];
    const length =
      (bytes[at + 1] as number) | ((bytes[at + 2] as number) << 8) | ((bytes[at + 3] as number) << 16);
    const size = headerBytes + length;
    if (kind === firstPieceKind || kind === furtherPieceKind) {
      const head = kind === firstPieceKind ? firstPieceHead : furtherPieceHead;
      if (length <= head) wrong('a piece of a message is empty');
      if (size > maxFrameBytes) wrong(`a frame of ${size} bytes is larger than ${maxFrameBytes}`);
      return headerBytes + head;
    }
    this.#checkSize(size);
    if (size > maxFrameBytes) wrong(`a frame of ${size} bytes is larger than ${maxFrameBytes}`);
    return size;
  }

  #checkSize(size: number): void {
    if (size > this.#maxMessageBytes)
      throw new KindredError(
        'ERR_LIMIT',
        `a message of ${size} bytes is larger than maxMessageBytes (${this.#maxMessageBytes})`,
      );
  }

  /** Takes a whole message, or the head of a piece. */
  #take(bytes: Uint8Array<ArrayBuffer>, at: number, size: number, owned = false): void {
    this.#begun = true;
    const kind = bytes[at] as number;
    if (kind === firstPieceKind) this.#beginBody(bytes, at);
    else if (kind === furtherPieceKind) this.#goOnWithBody(bytes, at);
    else this.#sink(kind, bytes, at + headerBytes, at + size, owned);
  }

  /** Copies bytes of a frame until as much as is needed of it is there. */
  #gather(chunk: Uint8Array<ArrayBuffer>, at: number, wanted: number): number {
    const have = this.#gatheredBytes;
    const count = Math.min(wanted - have, chunk.length - at);
    const most = Math.max(wanted + tailBytes, firstBufferBytes);
    // Whoever has just sent a large message whole gets the memory for the next at once.
    const atOnce = this.#wasLarge && wanted >= largeBytes ? most : have + count;
    if (atOnce > this.#gathered.length) this.#gathered = this.#grown(this.#gathered, have, atOnce, most);
    put(this.#gathered, have, chunk, at, count);
    this.#gatheredBytes += count;
    if (this.#gatheredBytes < headerBytes) return count;
    const needed = this.#needed(this.#gathered, 0);
    if (this.#gatheredBytes === needed) {
      this.#wasLarge = needed >= largeBytes;
      const gathered = this.#gathered;
      this.#gatheredBytes = 0;
      // A buffer that had to grow is not kept: ten thousand idle connections would hold it for nothing.
      const isLarge = gathered.length > firstBufferBytes;
      if (isLarge) this.#gathered = noBytes;
      this.#take(gathered, 0, needed, isLarge);
    }
    return count;
  }

  #beginBody(bytes: Uint8Array, at: number): void {
    const view = new DataView(bytes.buffer, bytes.byteOffset + at, headerBytes + firstPieceHead);
    const id = view.getUint32(4, true);
    const head = view.getUint8(8);
    const total = view.getUint32(9, true);
    const size = headerBytes + total;
    this.#checkSize(size);
    if (this.#bodies?.has(id) === true) wrong(`the large message ${id} was begun twice`);
    if (!this.#underWay.admits(size))
      throw new KindredError(
        'ERR_LIMIT',
        `too many large messages at a time: more than ${maxBodies}, or than ${maxBesideBytes} bytes beside the largest`,
      );
    const done = this.#underWay.begin(size);
    const body: Body = { id, head, total, received: 0, bytes: noBytes, done };
    this.#bodies ??= new Map();
    this.#bodies.set(id, body);
    this.#beginPiece(body, bytes, at, firstPieceHead);
  }

  #goOnWithBody(bytes: Uint8Array, at: number): void {
    const id = new DataView(bytes.buffer, bytes.byteOffset + at).getUint32(4, true);
    const body = this.#bodies?.get(id) ?? wrong(`a piece of the message ${id}, which was not begun`);
    this.#beginPiece(body, bytes, at, furtherPieceHead);
  }

  #beginPiece(body: Body, bytes: Uint8Array, at: number, head: number): void {
    const length =
      (bytes[at + 1] as number) | ((bytes[at + 2] as number) << 8) | ((bytes[at + 3] as number) << 16);
    this.#body = body;
    this.#pieceLeft = length - head;
    if (this.#pieceLeft > body.total - body.received)
      wrong('a large message has more bytes than it announced');
  }

  /** Copies data of a piece; returns how many bytes of the chunk it was. */
  #takeData(chunk: Uint8Array<ArrayBuffer>, at: number): number {
    const body = this.#body as Body;
    const count = Math.min(this.#pieceLeft, chunk.length - at);
    const received = body.received + count;
    if (received > body.bytes.length)
      body.bytes = this.#grown(body.bytes, body.received, received, body.total);
    put(body.bytes, body.received, chunk, at, count);
    body.received = received;
    this.#pieceLeft -= count;
    this.#wasLarge = true;
    if (received === body.total) {
      this.#bodies?.delete(body.id);
      this.#body = undefined;
      body.done();
      this.#sink(body.head, body.bytes, 0, body.total, true);
    }
    return count;
  }

  /** A larger copy: room for what is needed and for what is to come, but never for more than `most`, which is the whole. */
  #grown(
    bytes: Uint8Array<ArrayBuffer>,
    used: number,
    needed: number,
    most: number,
  ): Uint8Array<ArrayBuffer> {
    let size = most;
    while (size / growth >= needed) size = Math.ceil(size / growth);
    const larger = this.#allocate(Math.max(size, Math.min(firstBufferBytes, most)));
    larger.set(bytes.subarray(0, used));
    return larger;
  }
}

/** Bytes that were read right to where they belong stay there. */
function put(
  target: Uint8Array<ArrayBuffer>,
  to: number,
  chunk: Uint8Array<ArrayBuffer>,
  at: number,
  count: number,
): void {
  const isThere = chunk.buffer === target.buffer && chunk.byteOffset + at === target.byteOffset + to;
  if (!isThere) target.set(chunk.subarray(at, at + count), to);
}

function wrong(what: string): never {
  throw new KindredError('ERR_PROTOCOL', `the other end broke the binary dialect: ${what}`);
}
