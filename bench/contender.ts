/** The contract of an adapter: the two halves of a contender, each in its own process (or thread). */
import type { Limits } from 'kindred';
import type { Note, Payload } from './payload.ts';
import type * as service from './service.ts';

export type Service = typeof service;

export interface Contender {
  /**
   * The server half, run in a process that `server.ts` starts. Resolves with its address once it can be reached.
   * Absent where the client half starts the server itself (a child, a thread, a pool).
   */
  serve?(service: Service, setting: Setting): Promise<string>;
  /** Run in a child or thread that the client half has started. */
  child?(service: Service, setting: Setting): unknown;
  /** The client half. Called again for each further connection. */
  connect(setting: Setting): Promise<Session>;
}

export interface Setting {
  /** For servers: a path for a Unix domain socket. For clients: what `serve` resolved with. */
  address: string;
  /** What runs the other half of a child or thread: `server.ts` and its arguments. */
  entry: { file: URL; args: readonly string[] };
  /** The messages of this case get no answer. By hand, a server has to know this from the start. */
  oneWay: boolean;
  /** Raised by cases that go beyond a default; empty otherwise. */
  limits: Partial<Limits>;
}

export interface Session {
  echo?<T extends Payload>(value: T): Promise<T>;
  /** Without answer. A promise where the sender should wait before it sends more. */
  notify?(value: Note): Promise<unknown> | undefined;
  /** How many notes the server has had. */
  total?(): Promise<number>;
  bytes?(data: Uint8Array): Promise<Uint8Array>;
  large?(size: number): Promise<Uint8Array>;
  prepare?(size: number): Promise<number>;
  ping?(): Promise<unknown>;
  /** Hands every item to `take`. */
  items?(count: number, take: (item: Note) => void): Promise<void>;
  /** Hands every chunk to `take`, and the next one not before what `take` returns has resolved. */
  /** `fresh`: each chunk is memory of its own. */
  chunks?(count: number, take: (chunk: Uint8Array) => void | Promise<void>, fresh?: boolean): Promise<void>;
  close(): Promise<unknown> | undefined;
}
