/** `connect`: a peer at an address, in a child, in a thread or behind a stream. */
import { KindredError } from '../base/errors.ts';
import { checkMiddleware } from '../rpc/middleware/check-middleware.ts';
import type { CallOptions, Middleware, Peer } from '../rpc/peer.ts';
import type { Service } from '../rpc/service.ts';
import type { DialectName } from '../wire/dialect.ts';
import type { CancelNotice } from '../wire/json-rpc-message.ts';
import { kinLimits, type Limits } from '../wire/limits.ts';
import { checkCancelAs, checkDialect, checkService, limitsOf } from './check-options.ts';
import { openPeer } from './open-peer.ts';
import { type ReachOptions, reach } from './reach.ts';
import type { Target } from './target.ts';

export interface ConnectOptions
  extends ReachOptions,
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
  /** Whether what a function of `serve` throws goes out with its stack. Default: only to a parent, a child or a thread of this process. */
  withStack?: boolean | undefined;
}

/**
 * Connects to whoever serves at `target`: an address, a child (one of `kindred/process`, or Node's own), a `Worker`, a
 * `MessagePort`, or an open `Duplex`.
 *
 * Throws `ERR_NOT_REACHABLE` where nobody is there (at once, or after `waitMs`), `ERR_BAD_ADDRESS`, `ERR_CANCELLED`,
 * `ERR_UNSAFE_DIRECTORY`.
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
  const reached = await reach(target, 'calls', options, limitsOf(options.limits, kinLimits).handshakeMs);
  const peer = openPeer<Remote>(reached.transport, {
    role: reached.role,
    kindred: reached.kindred,
    printer: reached.printer,
    dialect: options.dialect ?? reached.dialect,
    cancelAs: options.cancelAs,
    service: options.serve,
    methods,
    limits: reached.kin ? limitsOf(options.limits, kinLimits) : limits,
    address: reached.address,
    timeoutMs: options.timeoutMs,
    params: options.params,
    middleware: options.middleware,
    serviceMiddleware: options.serveMiddleware,
    withStack: options.withStack ?? reached.kin,
  });
  if (options.signal?.aborted === true) {
    await peer.close();
    throw new KindredError('ERR_CANCELLED', 'the connection was cancelled by its caller', {
      cause: options.signal.reason,
      outcome: 'not-sent',
    });
  }
  return peer;
}
