/**
 * The contract of a dialect: a pure state machine between messages and bytes. It touches no socket, no clock.
 */
import type { CancelNotice } from './json-rpc-message.ts';
import type { Limits } from './limits.ts';
import type { ExportReference, ImportReference, Message } from './message.ts';
import type { Text } from './text.ts';

export type DialectName = 'json-lines' | 'json-headers' | 'json-concat' | 'binary';
export const dialectNames: readonly DialectName[] = ['json-lines', 'json-headers', 'json-concat', 'binary'];

/** What goes to a transport: bytes, or a string that the transport writes as UTF-8 (faster than encoding it first). */
export type Chunk = string | Uint8Array;

/** One message as bytes, not yet framed together with others. */
export interface Encoded {
  chunks: Chunk[];
  /** Bytes of all chunks. */
  bytes: number;
}

export interface CodecOptions {
  /** `calls`: JSON-RPC messages. `plain`: any value is a message of kind `plain`. */
  mode: 'calls' | 'plain';
  limits: Pick<Limits, 'maxMessageBytes' | 'maxDepth'>;
  text: Text;
  /** Memory for so many bytes, whatever it holds: all of it is overwritten before anybody reads it. Default: zeros. */
  allocate?: ((bytes: number) => Uint8Array<ArrayBuffer>) | undefined;
  /** Hears every whole message, with its size in bytes as it stood on the wire. */
  sink: (message: Message, bytes: number) => void;
  /** Whether the other end may be a Kindred, asked at each call: only then JSON says `$/meta` in front of one. Default: no. */
  mayBeKindred?: (() => boolean) | undefined;
  /** How JSON says that a call is given up. Default `$/cancelRequest`. */
  cancelAs?: CancelNotice | undefined;
  /**
   * Hears a line of `json-lines` that is no message, where what the other end prints may be among its messages. Without
   * it such a line is a message `invalid`, or breaks a flow of plain messages.
   */
  stray?: ((line: string) => void) | undefined;
  /** Makes stand-ins for references in values. Where absent, a reference on the wire is a protocol error. */
  importReference?: ImportReference | undefined;
}

export interface Codec {
  readonly name: DialectName;
  /**
   * Eats the next chunk and hands whole messages to `sink`. The chunk may be reused by the caller afterwards, so what
   * outlives the call is copied.
   * Only `json-lines` ever returns anything: the rest of the chunk from a byte 0xFF at the start of a line, where the
   * other end goes on in `binary`.
   * Throws `KindredError` (`ERR_LIMIT`, `ERR_PROTOCOL`) where the stream cannot go on; the codec is then dead.
   */
  push(chunk: Uint8Array): Uint8Array | undefined;
  /**
   * Where the next bytes of the stream are best put, so that `push` need not copy them: it is then given the part of
   * this that was filled. Undefined where it does not matter; absent: never.
   */
  room?(): Uint8Array | undefined;
  /** The stream ended: hands over a value that only the end completes; throws `ERR_PROTOCOL` in the middle of one. */
  end(): void;
  /**
   * One message as bytes; undefined where this dialect has nothing to write for it now (a kind that it cannot say, or
   * the reply to one of a JSON-RPC batch whose other replies are not there yet).
   * Throws `ERR_NOT_ENCODABLE` (the path of the value in the message) or `ERR_LIMIT`, and then has changed nothing.
   */
  encode(message: Message, exportReference?: ExportReference): Encoded | undefined;
  /** The bytes that carry these messages, in this order, in as few chunks as possible. */
  frame(batch: readonly Encoded[]): Chunk[];
  /**
   * Whether a large message may be cut and begun beside those whose pieces are still being taken; where not, it waits
   * until one of them is through. Absent: always.
   */
  mayCut?(encoded: Encoded): boolean;
  /** Present where a large message can be cut: its pieces, each a frame ready to write, to be sent in this order, other frames between. */
  cut?(encoded: Encoded): Iterable<Chunk[]>;
}
