/** What carries a channel: a flow of bytes (a socket, stdio) or of values (a message port, native IPC). */
import type { Chunk } from '../wire/dialect.ts';
import type { Limits } from '../wire/limits.ts';
import type { TlsFacts } from './certificate.ts';
import type { HandlePort } from './handle-port.ts';

export interface ByteReceiver {
  /** The chunk may be reused after the call returns. */
  data(chunk: Uint8Array): void;
  /**
   * Where the next bytes are wanted: a transport that can puts them right there, and then gives that part of it to
   * `data`. Asked before each read; undefined where it does not matter.
   */
  room?(): Uint8Array | undefined;
  /** The other end will write no more; our own writing goes on. */
  end(): void;
  /** Writing may go on after `write` returned false. */
  drain(): void;
  /** Exactly once, last of all; with an error where the transport failed. */
  close(error?: Error): void;
  /** From a transport that resumes: nothing can be written until `drain`, so that what waits can still be withdrawn. */
  stalled?(): void;
  /** From a transport that resumes: the other end is to be told that so many bytes have arrived. */
  acknowledge?(bytes: number): void;
}

/** Who hears a transport once nobody wants to. */
export const deaf: ByteReceiver = { data() {}, end() {}, drain() {}, close() {} };

/** Of a transport that goes on over a new connection when its own is lost, where both ends have agreed to. */
export interface Resumption {
  /** Both ends have agreed: before the end `bye` has to be said. */
  readonly agreed: boolean;
  /** There is no connection now; a new one is looked for, or awaited. */
  readonly lost: boolean;
  /** What the hello of this end says as `resume`. Asked when it goes out. */
  words(): unknown;
  /** What the hello of the other end says as `resume`. Undefined: nothing, or it is no Kindred. */
  agree(words: unknown): void;
  /** The other end has said `received`, in a frame of so many bytes. */
  acknowledged(bytes: number, frameBytes: number): void;
  /** One end closes, or has said `bye`: the end of the connection is the end. Nothing is kept any more. */
  leave(): void;
  /** The connection seems dead: it is given up for a new one. False: there will be none. */
  drop(): boolean;
}

export interface ByteTransport {
  readonly form: 'bytes';
  /** For errors and logs: `unix:/run/app.sock`, `descriptor 3 of process 4711`. */
  readonly name: string;
  /** A network lies between: the other end can vanish, and nobody is told. */
  readonly mayVanish?: boolean;
  /**
   * Whether the other machine has confirmed all that was written; its kernel does so also for a process that is blocked.
   * Undefined where that cannot be told. Costly.
   */
  hasArrived?(): boolean | undefined;
  /** Where open sockets and servers can be passed beside the bytes. */
  readonly handles?: HandlePort;
  /** Of a connection over TLS. */
  readonly tls?: TlsFacts | undefined;
  /** Where it may outlive its connection. */
  readonly resumption?: Resumption;
  /** Called once; nothing is delivered before it, and nothing is lost that arrived before it. */
  start(receiver: ByteReceiver): void;
  /** Hands bytes over, in as few system calls as possible. False: they are taken, but wait for `drain` before the next. */
  write(chunks: readonly Chunk[]): boolean;
  /** Resolves with true when all that was written is with the operating system; with false where it was closed first. */
  flushed(): Promise<boolean>;
  pause(): void;
  resume(): void;
  /** Writes what waits, then tells the other end that no more will come. Its own data are still read. */
  end(): void;
  /** Closes at once. */
  destroy(): void;
  ref(): void;
  unref(): void;
}

export interface ValueReceiver {
  value(value: unknown): void;
  drain(): void;
  close(error?: Error): void;
}

export interface ValueTransport {
  readonly form: 'values';
  readonly name: string;
  readonly mayVanish?: false;
  readonly handles?: HandlePort;
  /** What a posted value may hold: `json` values only, or anything of the structured clone algorithm. */
  readonly clone: 'json' | 'structured';
  readonly transfer: boolean;
  start(receiver: ValueReceiver): void;
  /** Before a plain message is posted: throws where what carries it would lose, bend or swallow it. */
  check?(value: unknown, limits: Limits): void;
  /** False: the value is taken, but wait for `drain` before the next. Throws where the value cannot be cloned. */
  post(value: unknown, transfer?: readonly object[]): boolean;
  /** As for bytes. */
  flushed(): Promise<boolean>;
  /** Posts what waits, then closes. The other end hears `close` after the last value. */
  end(): void;
  destroy(): void;
  ref(): void;
  unref(): void;
}

export type Transport = ByteTransport | ValueTransport;
