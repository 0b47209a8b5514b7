/**
 * A peer that outlives its connection: where that is lost, or the other end drains, it comes by another, and what was not
 * sent goes out there.
 *
 * ```
 *   open <--the other end is gone, or drains / a new connection answers--> reconnecting
 *     \_______ drain() ________> draining <________ drain() ______________/
 *                                   | nothing waits or runs
 *     close(), given up, refused for good, from any --> closed
 * ```
 * What was made before a loss goes out before what was made after it. A call that may have run goes out again only where
 * it may run twice; it then carries a key, from its first time on, by which the other end knows it again.
 */
import type { Clock, Timer } from '../base/clock.ts';
import { KindredError } from '../base/errors.ts';
import type { LoopWatch } from '../base/loop-watch.ts';
import type { CloseReason } from '../channel/channel.ts';
import type { JoinedOptions } from '../rpc/call-options.ts';
import type { Identity } from '../rpc/identity.ts';
import { JoinedCaller } from '../rpc/joined-caller.ts';
import type { OwnPeer } from '../rpc/own-peer.ts';
import type { Caller, CallOptions, Peer, PeerLoad } from '../rpc/peer.ts';
import { Reply } from '../rpc/reply.ts';
import type { Successor, Undone } from '../rpc/successor.ts';
import { CallKeys } from './call-keys.ts';
import { flushBeforeExit } from './flush-and-exit.ts';
import type { HeldCall } from './held-call.ts';
import type { Reconnecting } from './reconnect-options.ts';
import { Redial } from './redial.ts';
import { events } from './runtime.ts';
import { untilDone } from './until-done.ts';
import { WaitingLine } from './waiting-line.ts';

export interface ReconnectingPeerOptions extends Reconnecting {
  clock: Clock;
  watch: LoopWatch;
  random: () => number;
  /** For errors and logs. */
  address: string;
  /** Of all its calls. */
  options: JoinedOptions;
  /** How long a try may take, in milliseconds. */
  handshakeMs: number;
  /** Opens a connection. Waits for a server as the first one does only where `waitMs` is not given. */
  open(successor: Successor, how: Dialling): Promise<OwnPeer>;
}

interface Dialling {
  signal: AbortSignal | undefined;
  waitMs?: number;
}

/** One connection, as this peer knows it. */
interface Link {
  peer: OwnPeer | undefined;
  /** Nothing new goes out on it. */
  isOver: boolean;
  /** When it was opened, on the clock. */
  since: number;
}

/** So many tries in a row must meet somebody who speaks something else before that is taken for good. */
const strangeTries = 3;

export class ReconnectingPeer implements Peer {
  readonly address: string;
  readonly closed: Promise<CloseReason>;
  readonly #settings: ReconnectingPeerOptions;
  readonly #caller: Caller<unknown>;
  readonly #redial: Redial<Link>;
  readonly #line: WaitingLine;
  readonly #keys: CallKeys;
  #resolveClosed!: (reason: CloseReason) => void;
  /** The present connection, or the last one. */
  #link!: Link & { peer: OwnPeer };
  /** Older ones, which still answer what they have got. */
  readonly #leaving = new Set<OwnPeer>();
  #order = 0;
  #state: 'open' | 'draining' | 'closed' = 'open';
  /** Why nothing is taken any more. */
  #end: KindredError | undefined;
  /** When the connection was lost, on the clock. */
  #lostAt = 0;
  #patience: Timer | undefined;
  #refd = true;
  #writesBefore = 0;

  constructor(settings: ReconnectingPeerOptions) {
    const { clock, watch, random, firstMs, maxMs, handshakeMs, address } = settings;
    this.#settings = settings;
    this.address = address;
    this.closed = new Promise((resolve) => {
      this.#resolveClosed = resolve;
    });
    this.#line = new WaitingLine(clock, watch, (call) => this.#late(call));
    this.#keys = new CallKeys(settings.idempotent);
    this.#redial = new Redial<Link>({
      clock,
      random,
      firstMs,
      maxMs,
      // To connect, and to answer.
      tryMs: 2 * handshakeMs,
      open: (signal) => this.#open(signal),
      opened: (link) => this.#onUp(link),
      failed: (error, waitMs) =>
        events.publish('kindred:peer.retry', () => ({ peer: this, error, waitMs: Math.round(waitMs) })),
      refused: (error) =>
        this.#finish({ kind: 'lost', error }, this.#gone('it refuses this end for good', error)),
    });
    this.#caller = new JoinedCaller(settings.options, {
      peer: this as Peer<unknown>,
      call: (method, args, options) => this.#call(method, args, options),
      notify: (method, args, options) => this.#notify(method, args, options),
    });
  }

  /** The first connection: throws where there is none. */
  async start(how: Dialling): Promise<void> {
    this.#use(await this.#dial(how));
    flushBeforeExit(this);
  }

  get call(): Caller<unknown>['call'] {
    return this.#caller.call;
  }

  get notify(): Caller<unknown>['notify'] {
    return this.#caller.notify;
  }

  with(options: CallOptions): Caller<unknown> {
    return this.#caller.with(options);
  }

  get state(): Peer['state'] {
    if (this.#state !== 'open') return this.#state;
    return this.#isUp ? 'open' : 'reconnecting';
  }

  get kindred(): boolean {
    return this.#link.peer.kindred;
  }

  get identity(): Identity | undefined {
    return this.#link.peer.identity;
  }

  get load(): PeerLoad {
    const { load } = this.#link.peer;
    return { ...load, waiting: load.waiting + this.#line.size };
  }

  get writes(): number {
    return this.#writesBefore + this.#link.peer.writes;
  }

  async ping(): Promise<{ roundTripMs: number; delayMs: number }> {
    if (this.#isUp) return this.#link.peer.ping();
    throw this.#end ?? this.#gone('there is no connection now', this.#redial.lastError);
  }

  async flushed(): Promise<void> {
    while (this.#line.size > 0) await this.#line.empty();
    await this.#link.peer.flushed();
  }

  async drain(options: { timeoutMs?: number; signal?: AbortSignal; reason?: string } = {}): Promise<void> {
    if (this.#state === 'closed') return;
    this.#state = 'draining';
    // Whoever runs out of patience wants it closed all the same.
    await untilDone('the end of all calls', this.#drained(options.reason), options).catch(() => {});
    await this.close();
  }

  async close(): Promise<void> {
    const error = new KindredError('ERR_CLOSED', 'the peer was closed on this side');
    this.#finish({ kind: 'closed' }, error);
    await Promise.all([
      this.#redial.stop(),
      ...[this.#link.peer, ...this.#leaving].map((peer) => peer.close()),
    ]);
  }

  ref(): void {
    this.#setRef(true);
  }

  unref(): void {
    this.#setRef(false);
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  get #isUp(): boolean {
    return !this.#link.isOver && this.#state !== 'closed';
  }

  #call(method: string, args: readonly unknown[], given: JoinedOptions): unknown {
    const options = this.#keys.mark(method, given, this.kindred);
    const refusal = this.#link.isOver ? this.#refusal(method) : undefined;
    if (refusal !== undefined) return new Reply<unknown>((_resolve, reject) => reject(refusal));
    // A connection that is over hands it on, as what it leaves undone.
    return this.#link.peer.invoke(method, args, options);
  }

  #notify(method: string, args: readonly unknown[], options: JoinedOptions): Promise<void> {
    const refusal = this.#link.isOver ? this.#refusal(method) : undefined;
    if (refusal !== undefined) return Promise.reject(refusal);
    return this.#link.peer.deliver(method, args, options);
  }

  /** Why a call cannot even wait for a connection; undefined where it can. */
  #refusal(method: string): KindredError | undefined {
    if (this.#end !== undefined) return this.#end.withOutcome('not-sent');
    const { maxWaiting } = this.#settings;
    if (this.#line.size < maxWaiting) return undefined;
    const said = `${method}: ${maxWaiting} calls wait for a connection to ${this.address} already (reconnect.maxWaiting)`;
    return new KindredError('ERR_BUSY', said, { outcome: 'not-sent' });
  }

  /** Of a connection: what it leaves undone. */
  #successorOf(link: Link): Successor {
    return {
      next: () => ++this.#order,
      take: (undone) => this.#take(undone),
      onRefusal: (error) => this.#onRefusal(link, error),
    };
  }

  #take(undone: Undone): boolean {
    if (this.#end !== undefined) return false;
    this.#line.add(undone);
    return true;
  }

  #onRefusal(link: Link, error: KindredError): void {
    if (link.isOver) return;
    link.isOver = true;
    if (link !== this.#link || this.#end !== undefined) return;
    this.#lostAt = this.#settings.clock.now();
    if (this.#wasOfUse(link)) this.#redial.failures = 0;
    else this.#redial.failures++;
    this.#redial.lastError = undefined;
    if (this.#state === 'open') events.publish('kindred:peer.lost', () => ({ peer: this, error }));
    const { giveUpAfterMs, clock } = this.#settings;
    if (giveUpAfterMs < Number.POSITIVE_INFINITY) {
      const timer = clock.after(giveUpAfterMs, () => this.#giveUp());
      if (!this.#refd) timer.unref();
      this.#patience = timer;
    }
    this.#redial.start();
  }

  /** A Kindred has said so. Anybody else may say anything, and hang up: whoever lasts is one to talk to. */
  #wasOfUse({ peer, since }: Link): boolean {
    if (peer?.kindred === true && peer.heard > 0) return true;
    return this.#settings.clock.now() - since >= this.#settings.maxMs;
  }

  #giveUp(): void {
    const { giveUpAfterMs } = this.#settings;
    const error = this.#gone(`no connection for ${giveUpAfterMs} ms (giveUpAfterMs)`, this.#redial.lastError);
    this.#finish({ kind: 'lost', error }, error);
  }

  async #dial(how: Dialling): Promise<Link & { peer: OwnPeer }> {
    const link: Link = { peer: undefined, isOver: false, since: 0 };
    const peer = await this.#settings.open(this.#successorOf(link), how);
    link.peer = peer;
    link.since = this.#settings.clock.now();
    return link as Link & { peer: OwnPeer };
  }

  /** Whoever comes in the place of a Kindred, or of one that never said a word, has to answer before it gets anything. */
  async #open(signal: AbortSignal): Promise<Link> {
    const link = await this.#dial({ signal, waitMs: 0 });
    const { peer } = link;
    if (!this.#refd) peer.unref();
    const before = this.#link.peer;
    if (before.kindred || before.heard === 0) await this.#prove(peer, signal);
    if (!link.isOver) return link;
    const reason = peer.state === 'closed' ? await peer.closed : undefined;
    this.#stayWith(peer);
    throw this.#gone('it takes no calls', reason?.error);
  }

  async #prove(peer: OwnPeer, signal: AbortSignal): Promise<void> {
    const giveUp = (): void => void peer.close();
    signal.addEventListener('abort', giveUp);
    if (signal.aborted) giveUp();
    try {
      await peer.ping();
    } catch (error) {
      // One that is known, or taken after `handshakeMs` of silence, to be plain: there is nothing that it could answer.
      if ((error as KindredError).code === 'ERR_NOT_SUPPORTED') return;
      const { error: why = error as KindredError } = await peer.closed;
      const isFull = why.code === 'ERR_LIMIT';
      const isStrange = why.code === 'ERR_PROTOCOL' && this.#redial.failures + 1 < strangeTries;
      if (why.retryable || (!isFull && !isStrange)) throw why;
      throw new KindredError('ERR_PEER_GONE', why.message, { cause: why });
    } finally {
      signal.removeEventListener('abort', giveUp);
    }
  }

  #onUp(link: Link): void {
    if (this.#end !== undefined) return void link.peer?.close();
    this.#writesBefore += this.#link.peer.writes;
    const attempts = this.#redial.tries;
    this.#stayWith(this.#link.peer);
    this.#use(link as Link & { peer: OwnPeer });
    this.#patience?.cancel();
    this.#patience = undefined;
    const outageMs = Math.round(this.#settings.clock.now() - this.#lostAt);
    events.publish('kindred:peer.reconnected', () => ({ peer: this, outageMs, attempts }));
    this.#line.leave((call) => this.#send(call));
  }

  #use(link: Link & { peer: OwnPeer }): void {
    this.#link = link;
    const { peer } = link;
    if (!this.#refd) peer.unref();
    void peer.closed.then((reason) => {
      const { error } = reason;
      // It has not said a word, or none that is one, and will not learn it: this end is refused, or meets a stranger.
      const isFinal = error !== undefined && peer.heard === 0 && !error.retryable;
      if (isFinal && this.#link === link) this.#finish(reason, error);
      this.#onRefusal(link, error ?? this.#gone('the connection has ended', undefined));
    });
    // It had ended before it was of any use.
    if (link.isOver) {
      link.isOver = false;
      this.#onRefusal(link, this.#gone('the connection has ended', undefined));
    }
  }

  #send(call: HeldCall): void {
    const { peer } = this.#link;
    const { kind, method, args } = call;
    const sent: Promise<unknown> = call.run((options) =>
      kind === 'call'
        ? peer.invoke(method, args, options, undefined, call)
        : peer.deliver(method, args, options, call),
    );
    sent.then(
      (value) => call.succeed(value),
      (error: unknown) => call.fail(error),
    );
  }

  /** Resolves when nothing waits and nothing runs, on any connection. */
  async #drained(reason: string | undefined): Promise<void> {
    while (this.#end === undefined) {
      if (this.#line.size > 0) await this.#line.empty();
      else {
        const told = reason === undefined ? {} : { reason };
        const peers = [this.#link.peer, ...this.#leaving];
        await Promise.all(peers.map((peer) => peer.drain(told)));
        if (this.#line.size === 0) return;
      }
    }
  }

  /** An old connection answers what it has got. */
  #stayWith(peer: OwnPeer): void {
    if (peer.state === 'closed') return;
    this.#leaving.add(peer);
    void peer.closed.then(() => this.#leaving.delete(peer));
  }

  #finish(reason: CloseReason, error: KindredError): void {
    if (this.#end !== undefined) return;
    this.#end = error;
    this.#state = 'closed';
    this.#patience?.cancel();
    void this.#redial.stop();
    this.#line.close(error);
    if (reason.kind !== 'closed') events.publish('kindred:peer.gone', () => ({ peer: this, error }));
    this.#resolveClosed(reason);
  }

  #setRef(on: boolean): void {
    this.#refd = on;
    for (const peer of [this.#link.peer, ...this.#leaving])
      if (on) peer.ref();
      else peer.unref();
    this.#redial.setRef(on);
    this.#line.deadlines.setRef(on);
    if (!on) this.#patience?.unref();
  }

  #gone(what: string, cause: KindredError | undefined): KindredError {
    const because = cause === undefined ? '' : `: ${cause.message}`;
    const more = cause === undefined ? {} : { cause };
    return new KindredError('ERR_PEER_GONE', `${this.address}: ${what}${because}`, more);
  }

  #late({ method }: HeldCall): KindredError {
    const forMs = Math.round(this.#settings.clock.now() - this.#lostAt);
    const error = this.#gone(`there has been no connection for ${forMs} ms`, this.#redial.lastError);
    return new KindredError('ERR_TIMEOUT', `${method}: no time is left: ${error.message}`, { cause: error });
  }
}
