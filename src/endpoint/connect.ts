/** `connect`: a peer at an address, in a child, in a thread or behind a stream. */
import { systemClock } from '../base/clock.ts';
import { KindredError } from '../base/errors.ts';
import { join, noOptions } from '../rpc/call-options.ts';
import { createDescription } from '../rpc/description.ts';
import { checkMiddleware } from '../rpc/middleware/check-middleware.ts';
import type { OwnPeer } from '../rpc/own-peer.ts';
import type { CallOptions, Middleware, Peer } from '../rpc/peer.ts';
import type { Service } from '../rpc/service.ts';
import type { Successor } from '../rpc/successor.ts';
import type { DialectName } from '../wire/dialect.ts';
import type { CancelNotice } from '../wire/json-rpc-message.ts';
import { kinLimits, type Limits } from '../wire/limits.ts';
import { checkCancelAs, checkDialect, checkService, limitsOf } from './check-options.ts';
import { type ContractOptions, termsOf } from './contract-option.ts';
import { resumed } from './may-resume.ts';
import { openPeer } from './open-peer.ts';
import { type ReachOptions, reach } from './reach.ts';
import { type ReconnectOptions, reconnectingOf } from './reconnect-options.ts';
import { ReconnectingPeer } from './reconnecting-peer.ts';
import { loopWatch } from './runtime.ts';
import type { Target } from './target.ts';

export interface ConnectOptions
  extends ReachOptions,
    ContractOptions,
    Pick<CallOptions, 'timeoutMs' | 'params' | 'middleware'> {
  /** What this end offers to the other: both ends may call. Default: nothing. */
  serve?: Service | ((peer: Peer<unknown>) => Service) | undefined;
  /** Stands around the functions of `serve`; `middleware` around the calls that are made through the peer. */
  serveMiddleware?: readonly Middleware[] | undefined;
  /** Speaks this dialect from the first byte and says no hello. Default: agreed with the other end; at `local:NAME` the one its server was told to speak. */
  dialect?: DialectName | undefined;
  /**
   * How a call is given up towards a peer that is no Kindred, in both directions: `$/cancelRequest` (default), as editors
   * say it, or `notifications/cancelled`, as tool servers (MCP) do; those get no answer to a call that was given up.
   */
  cancelAs?: CancelNotice | undefined;
  limits?: Partial<Limits> | undefined;
  /**
   * What happens when the connection is lost: the peer comes by another, and calls wait for it meanwhile, or (false) it is
   * closed. Default: true for `local:`, `unix:`, `pipe:`, `tcp:` and `tls:` addresses; behind any other target is one
   * process or stream, which nobody replaces. The first connection is made, or not, as without.
   */
  reconnect?: boolean | ReconnectOptions | undefined;
  /** Whether what a function of `serve` throws goes out with its stack. Default: only to a parent, a child or a thread of this process. */
  withStack?: boolean | undefined;
}

/**
 * Connects to whoever serves at `target`: an address, a child (one of `kindred/process`, or Node's own), a `Worker`, a
 * `MessagePort`, or an open `Duplex`.
 *
 * Where the connection to an address is lost later, the peer reconnects by itself (`reconnect`): a call that was not sent
 * goes out then; one that may have run rejects with `ERR_PEER_GONE` and the outcome `unknown`, unless it is `idempotent`.
 *
 * Throws `ERR_NOT_REACHABLE` where nobody is there (at once, or after `waitMs`), `ERR_BAD_ADDRESS`, `ERR_CANCELLED`,
 * `ERR_UNSAFE_DIRECTORY`, `ERR_NOT_AUTHENTICATED`, and `ERR_CONTRACT` where `onDifferentContract` is `error`.
 *
 * ```ts
 * await using peer = await connect<typeof math>('local:math');
 * await peer.call.add(1, 2);
 * ```
 */
export async function connect<Remote = unknown>(
  target: Target,
  options: ConnectOptions = {},
): Promise<Peer<Remote>> {
  const limits = limitsOf(options.limits);
  const methods = options.serve === undefined ? undefined : checkService(options.serve);
  checkDialect(options.dialect);
  checkMiddleware(options.middleware ?? []);
  checkMiddleware(options.serveMiddleware ?? []);
  checkCancelAs(options.cancelAs);
  const terms = termsOf(options);
  const description =
    methods === undefined ? undefined : createDescription(methods, { middleware: options.serveMiddleware });
  const reconnecting = reconnectingOf(options.reconnect, target, limits.maxWaitingCalls);
  const open = async (given: ConnectOptions, successor?: Successor): Promise<OwnPeer<Remote>> => {
    const reached = await reach(target, 'calls', given, limitsOf(options.limits, kinLimits).handshakeMs);
    const dialect = options.dialect ?? reached.dialect;
    // Whoever wants no other connection wants to hear of it when this one is lost.
    const redial = options.reconnect === false ? undefined : reached.redial;
    const transport = await resumed(reached.transport, redial, dialect, limits);
    const peer = openPeer<Remote>(transport, {
      role: reached.role,
      kindred: reached.kindred,
      printer: reached.printer,
      dialect,
      cancelAs: options.cancelAs,
      service: options.serve,
      methods,
      description,
      terms,
      limits: reached.kin ? limitsOf(options.limits, kinLimits) : limits,
      address: reached.address,
      identity: reached.identity,
      timeoutMs: options.timeoutMs,
      params: options.params,
      middleware: options.middleware,
      serviceMiddleware: options.serveMiddleware,
      withStack: options.withStack ?? reached.kin,
      successor,
    });
    if (given.signal?.aborted === true) throw await givenUp(peer, given.signal);
    if (terms?.onDifferentContract === 'error') await untilAgreed(peer, given.signal);
    return peer;
  };
  if (reconnecting === undefined) return open(options);
  const { timeoutMs, params, middleware } = options;
  const peer = new ReconnectingPeer({
    ...reconnecting,
    clock: systemClock,
    watch: loopWatch,
    random: Math.random,
    address: String(target),
    options: join(noOptions, { timeoutMs, params, middleware }),
    handshakeMs: limits.handshakeMs,
    open: (successor, how) => open({ ...options, ...how }, successor),
  });
  await peer.start({ signal: options.signal });
  return peer as unknown as Peer<Remote>;
}

/** Throws `ERR_CONTRACT`, and `ERR_CANCELLED` where the signal fires first. */
async function untilAgreed(peer: OwnPeer, signal: AbortSignal | undefined): Promise<void> {
  const { promise: cut, resolve: onAbort } = Promise.withResolvers<'cut'>();
  const listener = (): void => onAbort('cut');
  signal?.addEventListener('abort', listener, { once: true });
  try {
    const first = await Promise.race([peer.agreed, cut]);
    if (first === 'cut') throw await givenUp(peer, signal as AbortSignal);
  } catch (error) {
    await peer.close();
    throw error;
  } finally {
    signal?.removeEventListener('abort', listener);
  }
}

async function givenUp(peer: OwnPeer, signal: AbortSignal): Promise<KindredError> {
  await peer.close();
  return new KindredError('ERR_CANCELLED', 'the connection was cancelled by its caller', {
    cause: signal.reason,
    outcome: 'not-sent',
  });
}
