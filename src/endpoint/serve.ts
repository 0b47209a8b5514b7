/** `serve`: offers a service at an address, to many peers; or to the one at the other end of a channel that is there already. */
import type { KindredError } from '../base/errors.ts';
import type { Transport } from '../channel/transport.ts';
import { AnswerRecord, type AnswerRecordOptions } from '../rpc/answer-record.ts';
import type { OwnPeer } from '../rpc/channel-peer.ts';
import type { Notifier } from '../rpc/client.ts';
import { createDescription } from '../rpc/description.ts';
import { checkMiddleware } from '../rpc/middleware/check-middleware.ts';
import type { CallOptions, Middleware, Peer } from '../rpc/peer.ts';
import type { Service } from '../rpc/service.ts';
import type { Listener } from '../transports/listener.ts';
import type { DialectName } from '../wire/dialect.ts';
import type { CancelNotice } from '../wire/json-rpc-message.ts';
import { kinLimits, type Limits } from '../wire/limits.ts';
import { type AcceptOptions, accept } from './accept.ts';
import { checkCancelAs, checkDialect, checkRecord, checkService, limitsOf } from './check-options.ts';
import { endsProcess } from './end-of-input.ts';
import { sessionsAt } from './may-resume.ts';
import { notifierOf } from './notify-all.ts';
import { openPeer } from './open-peer.ts';
import { rememberServer } from './open-servers.ts';
import { type Reached, reach } from './reach.ts';
import { remarksOf } from './remarks.ts';
import { noSecret, secretsOf } from './secrets.ts';
import { isListenable, type Target } from './target.ts';
import type { TransportListener } from './transport-listener.ts';

export interface ServeOptions extends AcceptOptions, Pick<CallOptions, 'params'> {
  /** Speaks only this dialect. Default: each peer's first byte decides. */
  dialect?: DialectName | undefined;
  /**
   * How a call is given up towards a peer that is no Kindred, in both directions: `$/cancelRequest` (default), as editors
   * say it, or `notifications/cancelled`, as tool servers (MCP) do; those get no answer to a call that was given up.
   */
  cancelAs?: CancelNotice | undefined;
  limits?: Partial<Limits> | undefined;
  /** Whether what a function throws goes out with its stack. Default: only to a parent, a child or a thread of this process. */
  withStack?: boolean | undefined;
  /** Stands around the functions of the service, the first of them outermost. Calls to a peer take it by `peer.with`. */
  middleware?: readonly Middleware[] | undefined;
  /**
   * The URL of the file in which the functions are written (`import.meta.url`): what its TSDoc comments say of them is part
   * of the answer to `rpc.discover`. The file is read when somebody asks for that. Default: nothing is said.
   */
  source?: string | URL | undefined;
  /**
   * How long, and how many, answers are kept to calls that carry a key, so that a repeat of one is answered without running
   * it again: a caller that has lost its connection comes back on another. Calls that are not marked as idempotent carry none.
   */
  record?: AnswerRecordOptions | undefined;
  /**
   * For `stdio:` and `parent:`: what happens when the other end says no more. `exit` (default): answers what runs, then
   * ends the process, so that no orphan stays. `stay`: only the peer ends.
   */
  onEnd?: 'exit' | 'stay' | undefined;
  /** How long what runs at that end may take to finish before the process exits all the same, in milliseconds. Default 5000. */
  graceMs?: number | undefined;
}

export interface Server<Remote = unknown> {
  /** Where it can be reached; with the real port where port 0 was asked for. */
  readonly address: string;
  /** Who is connected now. */
  readonly peers: ReadonlySet<Peer<Remote>>;
  /** Notifies every peer; resolves when written to all that are still there. */
  readonly notify: Notifier<Remote>;
  /** Resolves when the server is closed and its last peer gone; at once, with the error, where it lost its address to another. */
  readonly closed: Promise<KindredError | undefined>;
  /** Accepts no more connections and calls, finishes what runs, then closes. After `timeoutMs`: closes at once. */
  drain(options?: { timeoutMs?: number; signal?: AbortSignal; reason?: string }): Promise<void>;
  /** Closes the address and every peer. */
  close(): Promise<void>;
  /** Whether the open server, its peers and those to come keep the process alive; they do by default. */
  ref(): void;
  unref(): void;
  [Symbol.asyncDispose](): Promise<void>;
}

/**
 * Offers the functions of an object, a module or an instance of a class. A function in its place is called for each
 * peer and gives the service for this one.
 *
 * Throws `ERR_ADDRESS_IN_USE`, `ERR_BAD_ADDRESS`, `ERR_INSECURE_ADDRESS`, `ERR_UNSAFE_DIRECTORY`, `ERR_UNSAFE_FILE`,
 * `ERR_BAD_ARGUMENT`.
 *
 * ```ts
 * await using server = await serve('local:math', math);
 * ```
 */
export async function serve<Remote = unknown>(
  target: Target | TransportListener,
  service: Service | ((peer: Peer<Remote>) => Service),
  options: ServeOptions = {},
): Promise<Server<Remote>> {
  const limits = limitsOf(options.limits);
  const methods = checkService(service);
  checkDialect(options.dialect);
  checkMiddleware(options.middleware ?? []);
  checkCancelAs(options.cancelAs);
  const remarks = remarksOf(options.source);
  const { middleware } = options;
  const description = methods === undefined ? undefined : createDescription(methods, { middleware, remarks });
  checkRecord(options.record);
  const record = new AnswerRecord(options.record);
  const peers = new Set<Peer<Remote>>();
  const kept = { alive: true };
  const admit = (
    transport: Transport,
    at: Pick<Reached, 'address' | 'role' | 'kindred' | 'kin' | 'printer' | 'identity'>,
  ): OwnPeer<Remote> => {
    const peer = openPeer<Remote>(transport, {
      role: at.role,
      kindred: at.kindred,
      printer: at.printer,
      dialect: options.dialect,
      cancelAs: options.cancelAs,
      service: service as Service | ((peer: Peer<unknown>) => Service),
      methods,
      description,
      remarks,
      limits: at.kin ? limitsOf(options.limits, kinLimits) : limits,
      address: at.address,
      identity: at.identity,
      params: options.params,
      serviceMiddleware: middleware,
      withStack: options.withStack ?? at.kin,
      record,
    });
    if (!kept.alive) peer.unref();
    peers.add(peer);
    void peer.closed.then(() => peers.delete(peer));
    return peer;
  };

  // Between calls, from now on: the start does not wait for it.
  const prepare = (): void => description?.prepare((work) => setImmediate(work).unref());
  if (!isListenable(target)) {
    if ((await secretsOf(options)) !== undefined)
      throw noSecret('what is no address that others can connect to');
    const reached = await reach(target, 'calls', {});
    prepare();
    const peer = admit(reached.transport, reached);
    if (reached.tie && options.onEnd !== 'stay') endsProcess(peer, options.graceMs);
    return createServer(
      reached.address,
      peers,
      kept,
      undefined,
      peer.closed.then(() => undefined),
    );
  }
  const sessions = await sessionsAt(target, options.dialect, limits);
  const listening = await accept(
    target,
    options,
    limits,
    spoken(options.dialect),
    (transport, address, identity) =>
      new Promise((resolve) => {
        const enter = (own: Transport): void =>
          resolve(admit(own, { address, role: 'chooses', kindred: false, kin: false, identity }).closed);
        if (sessions === undefined || transport.form !== 'bytes' || transport.mayVanish !== true)
          enter(transport);
        else sessions.enter(transport, identity, enter);
      }),
  );
  // Nobody can come back to an address that is given up.
  void listening.closed.then(() => sessions?.shut());
  prepare();
  const closed = listening.closed.then(async (error) => {
    if (error === undefined) await Promise.all([...peers].map((peer) => peer.closed));
    return error;
  });
  return createServer(listening.address, peers, kept, listening, closed);
}

/** What a listener says in its claim that it speaks. */
export function spoken(dialect: DialectName | undefined): readonly DialectName[] {
  return dialect === undefined ? ['binary', 'json-lines', 'json-headers'] : [dialect];
}

function createServer<Remote>(
  address: string,
  peers: ReadonlySet<Peer<Remote>>,
  kept: { alive: boolean },
  listening: Listener | undefined,
  closed: Promise<KindredError | undefined>,
): Server<Remote> {
  const each = (work: (peer: Peer<Remote>) => Promise<void>): Promise<void> =>
    Promise.all([...peers].map(work)).then(() => undefined);
  const server: Server<Remote> = {
    address,
    peers,
    closed,
    notify: notifierOf(peers),
    async drain(drainOptions) {
      await listening?.close();
      await each((peer) => peer.drain(drainOptions));
    },
    async close() {
      await listening?.close();
      await each((peer) => peer.close());
    },
    ref() {
      kept.alive = true;
      listening?.ref();
      for (const peer of peers) peer.ref();
    },
    unref() {
      kept.alive = false;
      listening?.unref();
      for (const peer of peers) peer.unref();
    },
    [Symbol.asyncDispose]: () => server.close(),
  };
  rememberServer(server);
  return server;
}
