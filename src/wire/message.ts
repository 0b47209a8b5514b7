/**
 * What a message is in memory, whatever the dialect: one closed union.
 *
 * A dialect turns it into bytes and back; `rpc` gives it meaning. PROTOCOL.md describes each kind on the wire.
 */

/** The id of a call: JSON-RPC 2.0 allows strings, numbers and null; Kindred itself uses integers from 1. */
export type CallId = number | string | null;

/** Positional arguments, or named ones. */
export type Params = readonly unknown[] | Readonly<Record<string, unknown>>;

/** What travels beside the arguments. Never a wall-clock time: clocks of two machines differ. */
export interface Meta {
  /** Time that the caller still waits, in milliseconds, at the moment of sending. */
  timeoutMs?: number;
  /** Trace context and the like, by name (`traceparent`, `tracestate`, `baggage`, ...). */
  [name: string]: unknown;
}

/** What the sender wants to hear of a message: it was received, or whoever took it has finished with it. */
export type AckLevel = 'received' | 'handled';

/** An error as JSON-RPC 2.0 says it; `rpc/wire-errors` owns the shape of `data`. */
export interface WireError {
  code: number;
  message: string;
  data?: unknown;
}

/** What an end says of itself when it is a Kindred. */
export interface Hello {
  /** Version of PROTOCOL.md that the sender speaks. */
  version: number;
  /** Calls that the sender is ready to run at a time for this peer. */
  maxCalls: number;
  /** Bytes of the largest message that the sender takes. */
  maxMessageBytes: number;
  /** Streams that the sender takes at a time. */
  maxStreams?: number;
  /** The hash of the contract that the sender offers, where it is known before anything is asked. */
  contract?: string;
  /** Room for what later versions say; unknown names are ignored. */
  [name: string]: unknown;
}

export type Message =
  /** `method` is a name of the service, or the number of a function lent by the receiver. */
  | { kind: 'call'; id: CallId; method: string | number; params: Params; meta?: Meta | undefined }
  | {
      kind: 'notify';
      method: string;
      params: Params;
      meta?: Meta | undefined;
      ack?: { id: number; level: AckLevel } | undefined;
    }
  | { kind: 'result'; id: CallId; value: unknown }
  | { kind: 'error'; id: CallId; error: WireError }
  | { kind: 'cancel'; id: CallId }
  /** One item of a stream, from its producer; `stream` is the producer's number (the call's id towards plain JSON-RPC). */
  | { kind: 'item'; stream: CallId; seq: number; value: unknown }
  | { kind: 'end'; stream: CallId }
  | { kind: 'fail'; stream: CallId; error: WireError }
  /** From the consumer: so many more items and bytes may come. */
  | { kind: 'credit'; stream: CallId; items: number; bytes: number }
  /** From the consumer: it wants no more. */
  | { kind: 'stop'; stream: CallId }
  | { kind: 'ping'; id: number }
  /** `delayMs`: the longest time that the answering event loop was blocked since it saw the last ping. */
  | { kind: 'pong'; id: number; delayMs: number }
  /** No new calls; those up to `lastId` (the sender's count of calls received, by id) will be answered. */
  | { kind: 'goaway'; lastId: CallId; reason: string }
  | { kind: 'ack'; id: number; level: AckLevel }
  | { kind: 'hello'; hello: Hello }
  /** So many bytes of the sender's connection have arrived, over all its sockets: what is kept of them may be forgotten. */
  | { kind: 'received'; bytes: number }
  /** The end of the connection that comes now is meant: nobody comes back. */
  | { kind: 'bye' }
  /** A message of a channel without calls: any value. */
  | { kind: 'plain'; value: unknown; ack?: { id: number; level: AckLevel } | undefined }
  /**
   * What arrived was no message; a JSON-RPC peer is owed this error. The channel goes on.
   * `answers`: it may have been meant as the response to this call of ours. Where that call is pending it has to fail
   * (what became of it is unknown), and the peer is owed nothing.
   */
  | { kind: 'invalid'; id: CallId; error: WireError; answers?: CallId };

export type MessageKind = Message['kind'];

/** What a value can hold that is not copied but lent: it stays with its owner, and the other end gets a stand-in. */
export interface Reference {
  kind: 'function' | 'stream' | 'handle';
  id: number;
}

/** Asked by an encoder for a function, a stream or an instance of a class that it meets; undefined: it does not travel by reference. */
export type ExportReference = (value: object) => Reference | undefined;

/** Asked by a decoder to make the stand-in for a reference that it meets. */
export type ImportReference = (reference: Reference) => unknown;

/** The error codes that JSON-RPC 2.0 and LSP 3.17 fix, and two of the range that JSON-RPC leaves to implementations. */
export const rpcCodes = {
  parseError: -32700,
  invalidRequest: -32600,
  methodNotFound: -32601,
  invalidParams: -32602,
  internalError: -32603,
  /** The function threw. */
  thrown: -32000,
  /** The call failed without its function having a word in it; `data.code` says how. */
  refused: -32050,
  /** LSP: the caller cancelled. */
  requestCancelled: -32800,
} as const;
