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
/** Of what passes all that waits. */
const controlLane = Symbol('control');
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

/** Of one call alone: where it is large, its cancel must not pass it. */
function callLane(id: CallId): Lane {
  return `call ${String(id)}`;
}

function laneOf(message: Message): Lane | typeof controlLane | undefined {
  switch (message.kind) {
    case 'call':
    case 'notify':
    case 'plain':
      return requestLane;
    case 'result':
    case 'error':
    case 'invalid':
      return undefined;
    case 'item':
    case 'end':
    case 'fail':
      return message.stream;
    default:
      return controlLane;
  }
}

function isMany(lanes: Lanes): lanes is readonly (Lane | undefined)[] {
  return typeof lanes === 'object' && lanes !== null;
}

function share(a: Lanes, b: Lanes): boolean {
  if (isMany(a)) return a.some((lane) => share(lane, b));
  if (isMany(b)) return b.some((lane) => share(a, lane));
  return a !== undefined && a === b;
}

/** Places in `Queue` that one message takes. */
const stride = 4;
/** A queue that had to grow beyond so many places is not kept when it is empty. */
const keptPlaces = 256 * stride;

/**
 * Messages in order, four places of one array for each, which is used again and again: new arrays for each turn made a
 * third of all memory that one call at a time took.
 */
class Queue {
  #places: unknown[] = [];
  /** Those before it are gone. */
  #head = 0;
  #end = 0;

  get isEmpty(): boolean {
    return this.#head === this.#end;
  }

  push(encoded: Encoded, ticket: Ticket | undefined, lanes: Lanes, number: number): void {
    const places = this.#places;
    const end = this.#end;
    places[end] = encoded;
    places[end + 1] = ticket;
    places[end + 2] = lanes;
    places[end + 3] = number;
    this.#end = end + stride;
  }

  /** Of the first that waits. */
  get encoded(): Encoded {
    return this.#places[this.#head] as Encoded;
  }

  get ticket(): Ticket | undefined {
    return this.#places[this.#head + 1] as Ticket | undefined;
  }

  get lanes(): Lanes {
    return this.#places[this.#head + 2] as Lanes;
  }

  /** In the order in which they were added, so that these rise. Where none waits: infinite. */
  get number(): number {
    return this.isEmpty ? Number.POSITIVE_INFINITY : (this.#places[this.#head + 3] as number);
  }

  /** The first is gone. */
  drop(): void {
    const places = this.#places;
    places[this.#head] = undefined;
    places[this.#head + 1] = undefined;
    this.#head += stride;
    if (this.#head === this.#end) this.clear();
    else if (this.#head * 2 > this.#end && this.#head > keptPlaces) {
      this.#places = places.slice(this.#head, this.#end);
      this.#end -= this.#head;
      this.#head = 0;
    }
  }

  clear(): void {
    if (this.#places.length > keptPlaces) this.#places = [];
    else this.#places.fill(undefined, this.#head, this.#end);
    this.#head = 0;
    this.#end = 0;
  }

  /** Takes all of another, each in its place. */
  take(other: Queue): void {
    const merged = new Queue();
    while (!this.isEmpty || !other.isEmpty) {
      const from = other.number < this.number ? other : this;
      merged.push(from.encoded, from.ticket, from.lanes, from.number);
      from.drop();
    }
    this.#places = merged.#places;
    this.#end = merged.#end;
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
    const lane = laneOf(message);
    let lanes: Lanes = lane === controlLane ? this.#laneOfLateCancel(message) : lane;
    if (lane === controlLane && lanes === undefined) {
      if (this.#control.length === 0) this.#firstControl = number;
      this.#control.push(encoded);
      return;
    }
    const streams = ticket?.lentStreams?.();
    if (encoded.bytes > cutAboveBytes) {
      const own = message.kind === 'call' ? callLane(message.id) : undefined;
      lanes = [lanes, own, ...(streams ?? [])];
    } else if (streams !== undefined && streams.length > 0) lanes = [lanes, ...streams];
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
    for (; !waiting.isEmpty; waiting.drop()) {
      const { encoded } = waiting;
      if (isHanded(waiting.ticket)) batch.push(encoded);
      this.#leave(encoded.bytes);
    }
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

  /** The transport takes nothing for now. */
  block(): void {
    this.#blocked = true;
  }

  /** What another codec has encoded still waits: nothing may be written past it. */
  get isSealed(): boolean {
    return this.#sealed !== undefined;
  }

  /** The transport takes more after `write` returned false. */
  unblock(): void {
    this.#blocked = false;
  }

  /**
   * What waits weighs: its bytes, and what keeping each message costs. Pongs are small, and there can be millions. The
   * largest message that is going out in pieces does not count: whatever its size, others pass it, and need room for that.
   */
  get weight(): number {
    let largest = 0;
    for (const { encoded } of this.#bulks) if (encoded.bytes > largest) largest = encoded.bytes;
    return this.bytes - largest + this.#count * keepBytes;
  }

  /** Drops what waits. */
  clear(): void {
    this.#control = [];
    this.#waiting.clear();
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
    let first = Math.min(this.#waiting.number, this.#sealed?.number ?? Number.POSITIVE_INFINITY);
    if (this.#control.length > 0) first = Math.min(first, this.#firstControl);
    for (const { number } of this.#bulks) first = Math.min(first, number);
    return first;
  }

  /** Of a cancel whose call is still going out in pieces. One that has not begun to is withdrawn instead. */
  #laneOfLateCancel(message: Message): Lane | undefined {
    if (message.kind !== 'cancel' || this.#bulks.length === 0) return undefined;
    const lane = callLane(message.id);
    return this.#bulks.some((bulk) => share(bulk.lanes, lane)) ? lane : undefined;
  }

  /** Writes what may go now, up to a bound. False: there was nothing. */
  #writeBatch(): boolean {
    if (this.#sealed !== undefined) {
      const { codec, batch } = this.#sealed;
      this.#sealed = undefined;
      return this.#send(codec, batch);
    }
    let batch: Encoded[] | undefined;
    let size = 0;
    if (this.#control.length > 0) {
      batch = this.#control;
      this.#control = [];
      for (const { bytes } of batch) {
        size += bytes;
        this.#leave(bytes);
      }
    }
    const queue = this.#waiting;
    const cuts = this.#codec?.cut !== undefined;
    for (; !queue.isEmpty && size < writeBytes; queue.drop()) {
      const { encoded, ticket } = queue;
      if (this.#bulks.length > 0) {
        const { lanes } = queue;
        const ahead = this.#bulks.find((bulk) => share(bulk.lanes, lanes));
        if (ahead !== undefined) {
          // What is about its streams waits with it.
          if (isMany(lanes))
            ahead.lanes = isMany(ahead.lanes) ? [...ahead.lanes, ...lanes] : [ahead.lanes, ...lanes];
          ahead.behind.push(encoded, ticket, lanes, queue.number);
          continue;
        }
      }
      if (cuts && encoded.bytes > cutAboveBytes) {
        const { lanes, number } = queue;
        this.#bulks.push({ encoded, ticket, lanes, number, pieces: undefined, behind: new Queue() });
        continue;
      }
      this.#leave(encoded.bytes);
      if (!isHanded(ticket)) continue;
      size += encoded.bytes;
      // Most often there is one.
      if (batch === undefined) batch = [encoded];
      else batch.push(encoded);
    }
    return batch !== undefined && this.#send(this.#codec as Codec, batch);
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

/** From here on nobody can take it back. False: somebody has. */
function isHanded(ticket: Ticket | undefined): boolean {
  if (ticket === undefined) return true;
  if (ticket.withdrawn === true) return false;
  ticket.sent = true;
  return true;
}
