/** A peer over a channel, as the library itself holds it: what it is made with, and what only its holder may ask of it. */
import type { Clock } from '../base/clock.ts';
import type { LoopWatch } from '../base/loop-watch.ts';
import type { HandlePort } from '../channel/handle-port.ts';
import type { Limits } from '../wire/limits.ts';
import type { Terms } from './agreement.ts';
import type { AnswerRecord } from './answer-record.ts';
import type { JoinedOptions } from './call-options.ts';
import type { ContextPort, EventsPort } from './context.ts';
import type { Description, Remarks } from './description.ts';
import type { Identity } from './identity.ts';
import type { CallOptions, Middleware, Peer } from './peer.ts';
import type { Reply } from './reply.ts';
import type { Method, Service } from './service.ts';
import type { Successor } from './successor.ts';

export interface PeerOptions extends Pick<CallOptions, 'timeoutMs' | 'params' | 'middleware'> {
  /**
   * What this end offers, or a function that makes it for this peer. Default: nothing. Calls wait for what is promised,
   * and are refused with its error where it cannot be made ready.
   */
  service?: Service | Promise<Service> | ((peer: Peer<unknown>) => Service) | undefined;
  /** Stands around the functions of `service`, the first of them outermost. */
  serviceMiddleware?: readonly Middleware[] | undefined;
  /** The table of `service`, where it was made already: many peers share one. */
  methods?: ReadonlyMap<string, Method> | undefined;
  /** What `methods` say of themselves, with whoever shares them. */
  description?: Description | undefined;
  /** What the sources say of the functions of `service`. */
  remarks?: Remarks | undefined;
  /** What the other end is to keep. Default: it may offer what it likes. */
  terms?: Terms | undefined;
  limits?: Limits;
  /** As the limit of this name, which is the default. 0: an end that vanishes is not looked for. */
  heartbeatMs?: number;
  /** As for a transport: tells an end that is blocked from one that cannot be reached. Default: cannot be told. */
  hasArrived?: (() => boolean | undefined) | undefined;
  /** For errors and logs. */
  address?: string;
  /** What the other end has proved to be. */
  identity?: Identity | undefined;
  clock?: Clock;
  watch?: LoopWatch;
  context?: ContextPort;
  events?: EventsPort;
  /** Passes open sockets and servers. Default: nothing is taken for one. */
  handles?: HandlePort;
  /** Whether the errors of this end's functions go out with their stack. Default false. */
  withStack?: boolean;
  /** The answers to calls that may come twice; many peers share one. Default: each call runs. */
  record?: AnswerRecord | undefined;
  /** Takes the calls and notifications that this connection leaves undone. Default: they fail. */
  successor?: Successor | undefined;
}

/** A peer, with what is asked of it before its process exits. */
export interface OwnPeer<Remote = unknown> extends Peer<Remote> {
  /** Resolves when all calls and notifications made so far, also those that wait, are with the operating system, or never will be. */
  flushed(): Promise<void>;
  /**
   * Makes one call. `over` is told once: when the other end is done with it, also where it was given up here before, or it
   * was never sent, or the channel has closed. Of a stream that was given up nothing more is known. `held` is what the
   * successor is told of who makes it.
   */
  invoke(
    method: string,
    args: readonly unknown[],
    options: JoinedOptions,
    over?: () => void,
    held?: unknown,
  ): Reply<unknown>;
  /** Makes one notification. */
  deliver(method: string, args: readonly unknown[], options: JoinedOptions, held?: unknown): Promise<void>;
  /** Messages heard from the other end so far. */
  readonly heard: number;
  /** Writes that the transport has taken so far. */
  readonly writes: number;
  /** Resolves when no function runs for the other end; some go on after the peer is closed. */
  idle(): Promise<void>;
  /**
   * Resolves when it is known whether the other end keeps `terms`; at once where there are none. Rejects with `ERR_CONTRACT`
   * where it does not and they say `error`: then the peer is closed.
   */
  readonly agreed: Promise<void>;
}
