/**
 * The contract of a channel: an ordered two-way flow of messages, and what one can carry.
 *
 * ```
 *   choosing --dialect settled--> open --close()/end of both ways--> closed
 *      \____________________________\____ transport lost, limit broken ____/
 * ```
 * `closed` is reached exactly once and always carries a reason.
 */
import { KindredError } from '../base/errors.ts';
import type { DialectName } from '../wire/dialect.ts';
import type { ExportReference, Hello, ImportReference, Message } from '../wire/message.ts';

/** What a channel can carry beyond JSON. */
export interface Carries {
  /** `bytes`: messages become bytes. `values`: they are handed over as values (a message port, native IPC). */
  form: 'bytes' | 'values';
  /** Values of the kinds that PROTOCOL.md lists (dates, maps, bytes, cycles, ...) arrive as what they were. */
  structured: boolean;
  /** Open sockets and servers can be passed. */
  handles: boolean;
  /** An `ArrayBuffer` can be moved instead of copied. */
  transfer: boolean;
}

/** Why a channel is closed. */
export type CloseReason =
  /** This side closed it. */
  | { kind: 'closed'; error?: undefined }
  /** The other side closed it in good order. */
  | { kind: 'ended'; error?: undefined }
  /** The transport failed, or the other end died. */
  | { kind: 'lost'; error: KindredError }
  /** One side broke the protocol or a limit. */
  | { kind: 'broken'; error: KindredError };

/** Why nothing can be sent any more on a channel that is closed for this reason. */
export function errorOf(reason: CloseReason): KindredError {
  if (reason.error !== undefined) return reason.error;
  return reason.kind === 'closed'
    ? new KindredError('ERR_CLOSED', 'the channel was closed on this side')
    : new KindredError('ERR_PEER_GONE', 'the other end closed the connection');
}

/** How one message is to go out, and how far it has come. */
export interface Ticket {
  /** Set when the first byte of the message is handed to the transport: from then on nobody knows whether it arrived. */
  sent: boolean;
  /** Set by the sender to take the message back; it is obeyed as long as `sent` is false. */
  withdrawn?: boolean;
  exportReference?: ExportReference | undefined;
  /** The streams that the message just encoded brings. */
  lentStreams?: (() => readonly number[] | undefined) | undefined;
  /** Moved instead of copied where the channel can. */
  transfer?: readonly object[] | undefined;
}

/** Hears what a channel has to say. All calls come one after another, none before `start` returns. */
export interface Receiver {
  /** The dialect is settled, and `remote` known where the other end is a Kindred. Once, before any message. */
  ready(): void;
  message(message: Message, bytes: number): void;
  importReference?: ImportReference;
  /** There is room again after `full` was true. */
  drained(): void;
  /** The other end will send no more; what was sent to it may still arrive. */
  ended(): void;
  closed(reason: CloseReason): void;
}

export interface Channel {
  readonly carries: Carries;
  /** The dialect in use; undefined while it is being chosen, and where messages travel as values. */
  readonly dialect: DialectName | undefined;
  /** The other end is known to be a Kindred: control messages may be sent, and values of every kind. */
  readonly kindred: boolean;
  /** What the other end said of itself; undefined where it is no Kindred, or while that is not known. */
  readonly remote: Hello | undefined;
  /**
   * `open`: anything the dialect can say may be sent. `greeting`: plain JSON may be sent at once, for the rest wait
   * for `ready`. `choosing`: nothing may be sent before `ready`.
   */
  readonly state: 'choosing' | 'greeting' | 'open' | 'closed';
  /** Starts the flow. Called once. */
  start(receiver: Receiver): void;
  /**
   * Encodes the message now (later changes of its values are not seen) and sends it as soon as the transport takes it.
   * Messages of one turn of the event loop go out together. Control messages pass those that wait.
   * Throws `KindredError`: `ERR_NOT_ENCODABLE`, `ERR_LIMIT`, `ERR_CLOSED`; then nothing was sent.
   * Returns the size of the message in bytes (an estimate where values are handed over).
   */
  send(message: Message, ticket?: Ticket): number;
  /** So much waits to be written that senders should wait for `drained`. */
  readonly full: boolean;
  /** Resolves with true when all that was sent so far is with the operating system; with false where it was closed first. */
  flushed(): Promise<boolean>;
  /** Writes that the transport has taken so far: while they grow, what waits gets somewhere. */
  readonly writes: number;
  /** Stops and resumes the arrival of messages; the sender at the other end is slowed by it. */
  pause(): void;
  resume(): void;
  /** Sends what waits, then closes. Resolves when closed. With an error: the other end is told it first. */
  close(error?: KindredError): Promise<CloseReason>;
  /** Closes at once; what waits is dropped. */
  destroy(reason: CloseReason): void;
  readonly closed: Promise<CloseReason>;
  /** Whether the open channel keeps the process alive; it does by default. */
  ref(): void;
  unref(): void;
}
