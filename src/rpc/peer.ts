/**
 * The other end of a channel that makes and answers calls. Both ends are peers: each may offer a service, and call.
 *
 * ```
 *   open --drain()/go-away--> draining --nothing runs--> closed
 *      \_______ close(), the other end closed or died _______/
 * ```
 */
import type { CloseReason } from '../channel/channel.ts';
import type { CallOptions } from './call-options.ts';
import type { Client, Notifier } from './client.ts';

/** Calls and notifications under certain options. */
export interface Caller<Remote> {
  readonly call: Client<Remote>;
  readonly notify: Notifier<Remote>;
  /**
   * The same peer with options for the calls made through what it returns; they add to those of this caller. Signals are
   * joined: any of them gives up. Of the others each replaces the one before, and what is undefined leaves it.
   */
  with(options: CallOptions): Caller<Remote>;
}

/** What a peer is busy with; every number is bounded by a limit. */
export interface PeerLoad {
  /** Calls from here that wait for their answer. */
  inFlight: number;
  /** Calls and notifications from here that wait for room. */
  waiting: number;
  /** Calls from the other end that run, or wait to. */
  running: number;
  /** Open streams, both directions. */
  streams: number;
  /** Functions lent to the other end. */
  lent: number;
}

export interface Peer<Remote = unknown> extends Caller<Remote> {
  readonly state: 'open' | 'draining' | 'closed';
  /** The other end is a Kindred, not a plain JSON-RPC peer; false as long as that is not known. */
  readonly kindred: boolean;
  /** Where the other end is, for logs. */
  readonly address: string;
  readonly load: PeerLoad;
  /** Resolves, never rejects, when the channel is closed, with the reason. */
  readonly closed: Promise<CloseReason>;
  /** Asks the other end for a sign of life. `delayMs`: how long its event loop was blocked lately. Throws `ERR_NOT_SUPPORTED` towards plain JSON-RPC peers. */
  ping(): Promise<{ roundTripMs: number; delayMs: number }>;
  /** Accepts no more calls, finishes what runs in both directions, then closes. After `timeoutMs` or when `signal` fires: closes at once. */
  drain(options?: { timeoutMs?: number; signal?: AbortSignal; reason?: string }): Promise<void>;
  /** Writes what was sent so far, then closes; calls under way reject with `ERR_CLOSED`. */
  close(): Promise<void>;
  /** Whether the open peer keeps the process alive; it does by default. */
  ref(): void;
  unref(): void;
  [Symbol.asyncDispose](): Promise<void>;
}
