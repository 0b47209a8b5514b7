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

/** Messages that share a lane keep their order even when one of them is large. */
type Lane = string;

interface Entry {
  codec: Codec;
  encoded: Encoded;
  lanes: readonly Lane[];
  ticket: Ticket | undefined;
}

interface Bulk {
  lanes: readonly Lane[];
  /** Undefined until its first piece may go. */
  pieces: Iterator<Chunk[]> | undefined;
  /** Entries that share a lane with it, waiting for its last piece. */
  behind: Entry[];
  entry: Entry;
}

/** Messages above this size are cut, where the dialect can cut. Small enough that a ping between pieces is prompt. */
const cutAboveBytes = 64 * 1024;
/** Bytes per write at most, so that control messages and `ticket.withdrawn` are looked at again in between. */
const writeBytes = 256 * 1024;

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
const noLanes: readonly Lane[] = [];
const requestLane: readonly Lane[] = ['requests'];
const streamLane = (stream: CallId): Lane => `stream ${String(stream)}`;

function lanesOf(message: Message, lentStreams: readonly number[]): readonly Lane[] {
  switch (message.kind) {
    case 'call':
    case 'notify':
    case 'plain':
    case 'cancel':
      return lentStreams.length === 0 ? requestLane : [...requestLane, ...lentStreams.map(streamLane)];
    case 'item':
    case 'end':
    case 'fail':
      return [streamLane(message.stream)];
    default:
      return lentStreams.length === 0 ? noLanes : lentStreams.map(streamLane);
  }
}

export interface Outbox {
  /** Bytes that wait. */
  readonly bytes: number;
  add(
    codec: Codec,
    message: Message,
    encoded: Encoded,
    ticket: Ticket | undefined,
    lentStreams: readonly number[],
  ): void;
  /** Hands over as much as the transport takes. */
  flush(): void;
  /** Fixes the order of all that waits, before another codec takes over the direction: none may pass it any more. */
  seal(): void;
  /** The transport takes more after `write` returned false. */
  unblock(): void;
  /** Drops what waits. */
  clear(): void;
  /** Calls `run` when all that was added so far has been handed over or dropped. */
  whenHandedOver(run: () => void): void;
}

export function createOutbox(write: (chunks: readonly Chunk[]) => boolean): Outbox {
  let control: { codec: Codec; encoded: Encoded }[] = [];
  let waiting: Entry[] = [];
  let head = 0;
  let bulks: Bulk[] = [];
  let bytes = 0;
  let blocked = false;
  let added = 0;
  let gone = 0;
  let watchers: { upTo: number; run: () => void }[] = [];

  function leave(size: number): void {
    bytes -= size;
    gone++;
  }

  /** Moves what may go now from the queues into one batch of one codec. */
  function nextBatch(): { codec: Codec; batch: Encoded[] } | undefined {
    let codec: Codec | undefined;
    const batch: Encoded[] = [];
    let size = 0;
    let taken = 0;
    for (const item of control) {
      if (codec !== undefined && item.codec !== codec) break;
      codec = item.codec;
      batch.push(item.encoded);
      size += item.encoded.bytes;
      taken++;
      leave(item.encoded.bytes);
    }
    control = taken === control.length ? [] : control.slice(taken);
    if (control.length > 0 && codec !== undefined) return { codec, batch };
    while (head < waiting.length && size < writeBytes) {
      const entry = waiting[head] as Entry;
      if (entry.ticket?.withdrawn === true) {
        head++;
        leave(entry.encoded.bytes);
        continue;
      }
      const ahead =
        bulks.length === 0
          ? undefined
          : bulks.find((bulk) => bulk.lanes.some((lane) => entry.lanes.includes(lane)));
      if (ahead !== undefined) {
        head++;
        ahead.behind.push(entry);
        continue;
      }
      if (entry.encoded.bytes > cutAboveBytes && entry.codec.cut !== undefined) {
        head++;
        bulks.push({ lanes: entry.lanes, pieces: undefined, behind: [], entry });
        continue;
      }
      if (codec !== undefined && entry.codec !== codec) break;
      codec = entry.codec;
      head++;
      batch.push(entry.encoded);
      size += entry.encoded.bytes;
      if (entry.ticket !== undefined) entry.ticket.sent = true;
      leave(entry.encoded.bytes);
    }
    if (head === waiting.length) {
      waiting = [];
      head = 0;
    }
    return codec === undefined ? undefined : { codec, batch };
  }

  /** Writes one piece of the large message whose turn it is. */
  function writePiece(): void {
    const bulk = bulks.shift() as Bulk;
    const { ticket, encoded, codec } = bulk.entry;
    const takenBack = bulk.pieces === undefined && ticket?.withdrawn === true;
    if (bulk.pieces === undefined && !takenBack) {
      // Too many are under way already: one of those goes on first.
      if (codec.mayCut?.(encoded) === false) {
        bulks.push(bulk);
        return;
      }
      bulk.pieces = codec.cut?.(encoded)[Symbol.iterator]();
    }
    const piece = bulk.pieces?.next();
    if (piece === undefined || piece.done === true) {
      leave(encoded.bytes);
      if (bulk.behind.length > 0) {
        waiting = [...bulk.behind, ...waiting.slice(head)];
        head = 0;
      }
      return;
    }
    if (ticket !== undefined) ticket.sent = true;
    bulks.push(bulk);
    if (!write(piece.value)) blocked = true;
  }

  function tellWatchers(): void {
    if (watchers.length === 0) return;
    const due = watchers.filter((watcher) => watcher.upTo <= gone);
    watchers = watchers.filter((watcher) => watcher.upTo > gone);
    for (const { run } of due) run();
  }

  return {
    get bytes() {
      return bytes;
    },
    add(codec, message, encoded, ticket, lentStreams) {
      bytes += encoded.bytes;
      added++;
      // A cancel must not pass the call that it cancels while that one is still going out in pieces.
      const passes = controlKinds.has(message.kind) && !(message.kind === 'cancel' && bulks.length > 0);
      if (passes) control.push({ codec, encoded });
      else waiting.push({ codec, encoded, lanes: lanesOf(message, lentStreams), ticket });
    },
    flush() {
      while (!blocked) {
        const next = nextBatch();
        if (next !== undefined && !write(next.codec.frame(next.batch))) blocked = true;
        if (!blocked && bulks.length > 0) writePiece();
        else if (next === undefined && head === waiting.length && control.length === 0) break;
      }
      tellWatchers();
    },
    seal() {
      for (const entry of waiting.slice(head)) {
        if (entry.ticket?.withdrawn === true) {
          leave(entry.encoded.bytes);
          continue;
        }
        if (entry.ticket !== undefined) entry.ticket.sent = true;
        control.push({ codec: entry.codec, encoded: entry.encoded });
      }
      waiting = [];
      head = 0;
    },
    unblock() {
      blocked = false;
    },
    clear() {
      control = [];
      waiting = [];
      head = 0;
      bulks = [];
      bytes = 0;
      gone = added;
      tellWatchers();
    },
    whenHandedOver(run) {
      if (gone >= added) run();
      else watchers.push({ upTo: added, run });
    },
  };
}
