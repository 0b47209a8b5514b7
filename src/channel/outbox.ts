/**
 * What waits to be written on a channel, and in which order it goes out. The one flush policy of the project.
 *
 * - Messages of one turn of the event loop leave in one write.
 * - Control messages (cancel, ping, credit, ...) pass everything that waits.
 * - A large message is cut into pieces, and others pass between them; only what shares a lane with it waits: calls and
 *   notifications stay in order among themselves, and so do the items of one stream.
 * - A message is handed over no earlier than the transport asks for more, so that what waits can still be withdrawn.
 */
import type { Chunk, Codec, Encoded } from '../wire/dialect.ts';
import type { CallId, Message } from '../wire/message.ts';
import type { Ticket } from './channel.ts';

const requestLane = Symbol('requests');
/** Messages that share a lane keep their order even when one of them is large. Streams have theirs by their id. */
type Lane = CallId | typeof requestLane;
/** A large message also takes its call's own lane, and those of the streams that it brings: nothing about them comes before it. */
type Lanes = Lane | undefined | readonly (Lane | undefined)[];

/** A large message on its way. */
interface Bulk {
  encoded: Encoded;
  ticket: Ticket | undefined;
  lanes: Lanes;
  number: number;
  /** Undefined until its first piece may go. */
  pieces: Iterator<Chunk[]> | undefined;
  /** What shares a lane with it, waiting for its last piece. */
  behind: Queue;
}

/** Messages above this size are cut, where the dialect can cut. Small enough that a ping between pieces is prompt. */
const cutAboveBytes = 128 * 1024;
/** Bytes per write at most, so that control messages and `ticket.withdrawn` are looked at again in between. */
const writeBytes = 256 * 1024;

/** Memory that a message takes while it waits, beside its bytes. */
export const keepBytes = 128;

const controlKinds: ReadonlySet<Message['kind']> = new Set([
  'cancel',
  'ping',
  'pong',
  'credit',
  'stop',
  'goaway',
  'ack',
  'hello',
]);

/** Of one call alone: where it is large, its cancel must not pass it. */
function callLane(id: CallId): Lane {
  return `call ${String(id)}`;
}

function laneOf(message: Message): Lane | undefined {
  switch (message.kind) {
    case 'call':
    case 'notify':
    case 'plain':
      return requestLane;
    case 'cancel':
      return callLane(message.id);
    case 'item':
    case 'end':
    case 'fail':
      return message.stream;
    default:
      return undefined;
  }
}

function share(a: Lanes, b: Lanes): boolean {
  if (typeof a === 'object' && a !== null) return a.some((lane) => share(lane, b));
  if (typeof b === 'object' && b !== null) return b.some((lane) => share(a, lane));
  return a !== undefined && a === b;
}

/** Messages in order, in parallel arrays: an object for each would be one of the larger costs of a call. */
class Queue {
  encoded: Encoded[] = [];
  tickets: (Ticket | undefined)[] = [];
  lanes: Lanes[] = [];
  /** In the order in which they were added, so that these rise. */
  numbers: number[] = [];
  /** Those before it are gone. */
  head = 0;

  get isEmpty(): boolean {
    return this.head === this.encoded.length;
  }

  push(encoded: Encoded, ticket: Ticket | undefined, lanes: Lanes, number: number): void {
    this.encoded.push(encoded);
    this.tickets.push(ticket);
    this.lanes.push(lanes);
    this.numbers.push(number);
  }

  /** Gives the room of what is gone back, in steps that grow with the queue. */
  tidy(): void {
    const { head } = this;
    if (head * 2 < this.encoded.length) return;
    this.encoded = this.encoded.slice(head);
    this.tickets = this.tickets.slice(head);
    this.lanes = this.lanes.slice(head);
    this.numbers = this.numbers.slice(head);
    this.head = 0;
  }

  /** Takes all of another, each in its place. */
  take(other: Queue): void {
    const merged = new Queue();
    while (!this.isEmpty || !other.isEmpty) {
      const from = other.isEmpty || this.first < other.first ? this : other;
      const { encoded, tickets, lanes, head } = from;
      merged.push(encoded[head] as Encoded, tickets[head], lanes[head], from.first);
      from.head++;
    }
    this.encoded = merged.encoded;
    this.tickets = merged.tickets;
    this.lanes = merged.lanes;
    this.numbers = merged.numbers;
    this.head = 0;
  }

  /** The number of the first that waits. */
  get first(): number {
    return this.isEmpty ? Number.POSITIVE_INFINITY : (this.numbers[this.head] as number);
  }
}

export class Outbox {
  /** Bytes that wait. */
  bytes = 0;
  readonly #write: (chunks: readonly Chunk[]) => boolean;
  #codec: Codec | undefined;
  #control: Encoded[] = [];
  #firstControl = 0;
  readonly #waiting = new Queue();
  #bulks: Bulk[] = [];
  /** What another codec had encoded, and must go before anything else. */
  #sealed: { codec: Codec; batch: Encoded[]; number: number } | undefined;
  #blocked = false;
  /** Small messages and pieces of large ones take turns, also where each write has to wait for room. */
  #isTurnOfPieces = false;
  /** Messages are numbered as they are added; they do not go in that order. */
  #lastNumber = 0;
  #count = 0;
  #watchers: { upTo: number; run: () => void }[] = [];

  constructor(write: (chunks: readonly Chunk[]) => boolean) {
    this.#write = write;
  }

  /** Takes what the codec in use has encoded. */
  add(message: Message, encoded: Encoded, ticket: Ticket | undefined): void {
    this.bytes += encoded.bytes;
    this.#count++;
    const number = ++this.#lastNumber;
    if (controlKinds.has(message.kind) && !this.#mustWait(message)) {
      if (this.#control.length === 0) this.#firstControl = number;
      this.#control.push(encoded);
      return;
    }
    let lanes: Lanes = laneOf(message);
    if (encoded.bytes > cutAboveBytes) {
      const own = message.kind === 'call' ? callLane(message.id) : undefined;
      lanes = [lanes, own, ...(ticket?.lentStreams?.() ?? [])];
    }
    this.#waiting.push(encoded, ticket, lanes, number);
  }

  /** From now on this codec encodes. What waits goes out first, in its order, in the words of the one before. */
  use(codec: Codec): void {
    const before = this.#codec;
    this.#codec = codec;
    const waiting = this.#waiting;
    if (before === undefined || (this.#control.length === 0 && waiting.isEmpty)) return;
    const number = this.#firstWaiting();
    const batch = this.#control;
    this.#control = [];
    for (const { bytes } of batch) this.#leave(bytes);
    for (let i = waiting.head; i < waiting.encoded.length; i++) {
      const encoded = waiting.encoded[i] as Encoded;
      this.#hand(batch, encoded, waiting.tickets[i]);
      this.#leave(encoded.bytes);
    }
    waiting.head = waiting.encoded.length;
    this.#sealed = { codec: before, batch, number };
  }

  /** Hands over as much as the transport takes. */
  flush(): void {
    while (!this.#blocked) {
      if (this.#isTurnOfPieces && this.#bulks.length > 0) {
        this.#isTurnOfPieces = false;
        this.#writePiece();
        continue;
      }
      this.#isTurnOfPieces = true;
      if (!this.#writeBatch() && this.#bulks.length === 0) break;
    }
    if (this.#watchers.length > 0) this.#tellWatchers();
  }

  /** The transport takes more after `write` returned false. */
  unblock(): void {
    this.#blocked = false;
  }

  /** What waits weighs: its bytes, and what keeping each message costs. Pongs are small, and there can be millions. */
  get weight(): number {
    return this.bytes + this.#count * keepBytes;
  }

  /** Drops what waits. */
  clear(): void {
    this.#control = [];
    this.#waiting.head = this.#waiting.encoded.length;
    this.#waiting.tidy();
    this.#bulks = [];
    this.#sealed = undefined;
    this.bytes = 0;
    this.#count = 0;
    this.#tellWatchers();
  }

  /** Calls `run` when all that was added so far has been handed over or dropped. */
  whenHandedOver(run: () => void): void {
    if (this.#firstWaiting() > this.#lastNumber) run();
    else this.#watchers.push({ upTo: this.#lastNumber, run });
  }

  /** Later messages may be gone already: those of other lanes pass a large one and all that waits behind it. */
  #firstWaiting(): number {
    let first = Math.min(this.#waiting.first, this.#sealed?.number ?? Number.POSITIVE_INFINITY);
    if (this.#control.length > 0) first = Math.min(first, this.#firstControl);
    for (const { number } of this.#bulks) first = Math.min(first, number);
    return first;
  }

  /** A cancel whose call is still going out in pieces. One that has not begun to is withdrawn instead. */
  #mustWait(message: Message): boolean {
    if (message.kind !== 'cancel' || this.#bulks.length === 0) return false;
    const lane = callLane(message.id);
    return this.#bulks.some((bulk) => share(bulk.lanes, lane));
  }

  /** Writes what may go now, up to a bound. False: there was nothing. */
  #writeBatch(): boolean {
    if (this.#sealed !== undefined) {
      const { codec, batch } = this.#sealed;
      this.#sealed = undefined;
      return this.#send(codec, batch);
    }
    const batch = this.#control;
    this.#control = [];
    let size = 0;
    for (const { bytes } of batch) {
      size += bytes;
      this.#leave(bytes);
    }
    const queue = this.#waiting;
    const { encoded, tickets, lanes, numbers } = queue;
    const cuts = this.#codec?.cut !== undefined;
    for (; queue.head < encoded.length && size < writeBytes; queue.head++) {
      const one = encoded[queue.head] as Encoded;
      const ticket = tickets[queue.head];
      const number = numbers[queue.head] as number;
      if (this.#bulks.length > 0) {
        const ahead = this.#bulks.find((bulk) => share(bulk.lanes, lanes[queue.head]));
        if (ahead !== undefined) {
          ahead.behind.push(one, ticket, lanes[queue.head], number);
          continue;
        }
      }
      if (cuts && one.bytes > cutAboveBytes)
        this.#bulks.push({
          encoded: one,
          ticket,
          lanes: lanes[queue.head],
          number,
          pieces: undefined,
          behind: new Queue(),
        });
      else {
        size += one.bytes;
        this.#hand(batch, one, ticket);
        this.#leave(one.bytes);
      }
    }
    queue.tidy();
    return this.#send(this.#codec as Codec, batch);
  }

  /** Writes one piece of the large message whose turn it is. */
  #writePiece(): void {
    const bulk = this.#bulks.shift() as Bulk;
    const { encoded, ticket } = bulk;
    const codec = this.#codec as Codec;
    const takenBack = bulk.pieces === undefined && ticket?.withdrawn === true;
    if (bulk.pieces === undefined && !takenBack) {
      // Too many are under way already: one of those goes on first.
      if (codec.mayCut?.(encoded) === false) {
        this.#bulks.push(bulk);
        return;
      }
      bulk.pieces = codec.cut?.(encoded)[Symbol.iterator]();
    }
    const piece = bulk.pieces?.next();
    if (piece === undefined || piece.done === true) {
      this.#leave(encoded.bytes);
      if (!bulk.behind.isEmpty) this.#waiting.take(bulk.behind);
      return;
    }
    if (ticket !== undefined) ticket.sent = true;
    this.#bulks.push(bulk);
    if (!this.#write(piece.value)) this.#blocked = true;
  }

  #send(codec: Codec, batch: readonly Encoded[]): boolean {
    if (batch.length === 0) return false;
    if (!this.#write(codec.frame(batch))) this.#blocked = true;
    return true;
  }

  /** From here on nobody can take it back. */
  #hand(batch: Encoded[], encoded: Encoded, ticket: Ticket | undefined): void {
    if (ticket !== undefined) {
      if (ticket.withdrawn === true) return;
      ticket.sent = true;
    }
    batch.push(encoded);
  }

  #leave(bytes: number): void {
    this.bytes -= bytes;
    this.#count--;
  }

  #tellWatchers(): void {
    const first = this.#firstWaiting();
    const due = this.#watchers.filter((watcher) => watcher.upTo < first);
    this.#watchers = this.#watchers.filter((watcher) => watcher.upTo >= first);
    for (const { run } of due) run();
  }
}
