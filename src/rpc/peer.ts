/**
 * The other end of a channel that makes and answers calls. Both ends are peers: each may offer a service, and call.
 *
 * ```
 *   open --drain()/go-away--> draining --nothing runs--> closed
 *      \_______ close(), the other end closed or died _______/
 * ```
 * One that reconnects goes from `open` to `reconnecting` and back in the place of the second way.
 */
import type { CloseReason } from '../channel/channel.ts';
import type { AckLevel, Meta } from '../wire/message.ts';
import type { Client, Notifier } from './client.ts';
import type { Identity } from './identity.ts';

/** When a notification resolves. */
export type Delivery = 'written' | AckLevel;

/** How one call or notification is to be made. */
export interface CallOptions {
  /** Gives up when it fires, with `ERR_CANCELLED`. The function's own signal fires at the other end, where it is a call. */
  signal?: AbortSignal | undefined;
  /** Gives up after so many milliseconds, with `ERR_TIMEOUT`. A stream must have ended by then. Default, and where it is 0 or Infinity: never. */
  timeoutMs?: number | undefined;
  /** When a notification resolves. Default `written`. */
  delivery?: Delivery | undefined;
  /** `named`: the one argument, where there is any, is an object of named parameters. Default `positional`. */
  params?: 'positional' | 'named' | undefined;
  /** Moved instead of copied where the channel can (an `ArrayBuffer` to a thread). */
  transfer?: readonly object[] | undefined;
  /** Travels beside the arguments: trace context and the like. */
  meta?: Meta | undefined;
  /**
   * The function may run twice for one call: what makes calls again may do so where nobody knows whether it ran. Default
   * false. On a peer that reconnects the call carries a key, by which a Kindred answers a repeat without running it again;
   * a key of your own is `meta: { 'kindred/idempotencyKey': '...' }`.
   */
  idempotent?: boolean | undefined;
  /** Stands around each call and notification, the first of them outermost. Each `with` adds its own inside of those before. */
  middleware?: readonly Middleware[] | undefined;
}

/** One call or notification on its way. What is passed on is this object, or a copy of it: `next({ ...call, args })`. */
export interface MiddlewareCall {
  /** `out`: it is made here. `in`: it is answered here. */
  readonly direction: 'out' | 'in';
  readonly kind: 'call' | 'notification';
  /** As the other end knows it: dotted where it is nested. */
  readonly method: string;
  readonly args: readonly unknown[];
  /** The other end. */
  readonly peer: OtherEnd;
  /** What travels beside the arguments. */
  readonly meta: Readonly<Meta>;
  /** Fires when the caller gives up or is gone. Undefined where the caller has given none. */
  readonly signal: AbortSignal | undefined;
  /** How long the answer may take from now on, in milliseconds; undefined: for ever. A shorter one binds, on both sides. */
  readonly timeoutMs: number | undefined;
  /** Its caller has said that it may run twice. Of what comes in: false. */
  readonly idempotent: boolean;
  /** Runs when the call is over: it has settled, and at the end that answers, every stream of its result has ended. */
  onOver(run: () => void): void;
}

/** A peer; of a call through a pool, the pool, which has less to say of itself. */
export type OtherEnd = Caller<unknown> & Pick<Peer<unknown>, 'state' | 'address'> & Partial<Peer<unknown>>;

/** The rest of the way. Resolves with the result (a stream as such); of a notification, when it is delivered or has run. */
export type Next = (call: MiddlewareCall) => Promise<unknown>;

/** Is called once for each chain, also for each `with`: what it must remember among calls belongs outside of it. */
export type Middleware = (next: Next) => Next;

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
  /** `reconnecting`: there is no connection now; calls wait for one. */
  readonly state: 'open' | 'reconnecting' | 'draining' | 'closed';
  /** The other end is a Kindred, not a plain JSON-RPC peer; false as long as that is not known. */
  readonly kindred: boolean;
  /** Where the other end is, for logs. */
  readonly address: string;
  /** What the other end has proved to be, on either side; undefined where nothing was asked of it. */
  readonly identity: Identity | undefined;
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
