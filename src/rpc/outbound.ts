/**
 * Calls and notifications that leave: who waits for what, and how each of them settles.
 *
 * ```
 *   waiting --room, a place among maxCalls--> in flight --result--> streaming (only where the result holds streams) --> settled
 *      \___________ cancelled, timed out, peer gone, draining ___________/
 * ```
 * A call settles exactly once. Its outcome is `not-sent` only while its ticket says that no byte of it has left.
 */
import type { Clock, Timer } from '../base/clock.ts';
import { KindredError, type Outcome } from '../base/errors.ts';
import type { LoopWatch } from '../base/loop-watch.ts';
import type { Channel, Ticket } from '../channel/channel.ts';
import type { Limits } from '../wire/limits.ts';
import type { CallId, Message, Meta, Params, WireError } from '../wire/message.ts';
import type { CallOptions } from './call-options.ts';
import type { ContextPort } from './context.ts';
import { createDeadlines, type Deadline, type Deadlines } from './deadlines.ts';
import type { Lending, Life, References } from './references.ts';
import { Reply } from './reply.ts';
import type { Scope } from './scope.ts';
import type { Consumer, Producer } from './streams.ts';
import { fromWire } from './wire-errors.ts';

export interface OutboundOptions {
  channel: Channel;
  limits: Limits;
  clock: Clock;
  watch: LoopWatch;
  context: ContextPort;
  references: References;
}

/** What waits for room, in order. */
interface Waiting {
  message: Message;
  ticket: Ticket;
  options: CallOptions;
  lending: Lending;
  /** Takes one of the places of `maxCalls`. */
  call: boolean;
  sent(): void;
  fail(error: KindredError): void;
}

export class Outbound {
  readonly #options: OutboundOptions;
  readonly #deadlines: Deadlines;
  readonly #pending = new Map<CallId, PendingCall>();
  readonly #acks = new Map<number, { resolve: () => void; reject: (error: KindredError) => void }>();
  readonly #pings = new Map<
    number,
    {
      sentAt: number;
      resolve: (pong: { roundTripMs: number; delayMs: number }) => void;
      reject: (error: KindredError) => void;
    }
  >();
  #waiting: Waiting[] = [];
  /** Of the pending calls, those that were sent. */
  #sentCalls = 0;
  #lastId = 0;
  #lastAck = 0;
  #lastPing = 0;
  /** Why nothing is sent any more. */
  #refusal: KindredError | undefined;
  /** The first of the waiting needs what only the binary dialect can say: all wait for the other end's hello. */
  #held: { error: KindredError; timer: Timer } | undefined;
  #idle: (() => void)[] = [];
  /** Messages heard from the other end so far. */
  heard = 0;
  #blockage: { ms: number; at: number } | undefined;

  constructor(options: OutboundOptions) {
    this.#options = options;
    this.#deadlines = createDeadlines(options.watch, options.clock);
  }

  get inFlight(): number {
    return this.#pending.size;
  }

  get waiting(): number {
    return this.#waiting.length;
  }

  has(id: CallId): boolean {
    return this.#pending.has(id);
  }

  call(method: string | number, args: readonly unknown[], options: CallOptions): Reply<unknown> {
    return new Reply<unknown>((resolve, reject) => {
      const params = paramsOf(args, options);
      const call = new PendingCall(++this.#lastId, String(method), resolve, reject, this);
      const meta = this.#prepare(call, options);
      if (call.settled) return;
      this.#pending.set(call.id, call);
      this.#send({
        message: { kind: 'call', id: call.id, method, params, meta },
        ticket: call,
        options,
        lending: call.lending,
        call: true,
        sent: () => {
          if (call.lending.streams.length > 0)
            call.producers = this.#options.references.start(call.lending, call, (work) => work());
        },
        fail: (error) => call.fail(error, 'not-sent'),
      });
    });
  }

  notify(method: string, args: readonly unknown[], options: CallOptions): Promise<void> {
    const level = options.delivery ?? 'written';
    return new Promise((resolve, reject) => {
      if (this.#refusal !== undefined) return reject(this.#refusal.withOutcome('not-sent'));
      if (options.signal?.aborted === true)
        return reject(cancelled(options.signal, method).withOutcome('not-sent'));
      const ack = level === 'written' ? undefined : { id: ++this.#lastAck, level };
      const ticket: Ticket = { sent: false };
      const fail = (error: KindredError): void =>
        reject(error.withOutcome(ticket.sent ? 'unknown' : 'not-sent'));
      this.#send({
        message: { kind: 'notify', method, params: paramsOf(args, options), meta: options.meta, ack },
        ticket,
        options,
        lending: { functions: [], streams: [] },
        call: false,
        sent: () => {
          if (ack === undefined)
            this.#options.channel
              .flushed()
              .then(() => (this.#refusal === undefined || ticket.sent ? resolve() : fail(this.#refusal)));
          else if (!this.#options.channel.kindred)
            fail(
              new KindredError(
                'ERR_NOT_SUPPORTED',
                `${method}: only another Kindred says that a notification was ${level}`,
              ),
            );
          else this.#acks.set(ack.id, { resolve, reject: fail });
        },
        fail,
      });
    });
  }

  ping(): Promise<{ roundTripMs: number; delayMs: number }> {
    const { channel, clock } = this.#options;
    return new Promise((resolve, reject) => {
      if (this.#refusal !== undefined) return reject(this.#refusal);
      if (!channel.kindred)
        return reject(new KindredError('ERR_NOT_SUPPORTED', 'only another Kindred answers a ping'));
      const id = ++this.#lastPing;
      this.#pings.set(id, { sentAt: clock.now(), resolve, reject });
      channel.send({ kind: 'ping', id });
    });
  }

  onPong(id: number, delayMs: number): void {
    const ping = this.#pings.get(id);
    if (ping === undefined) return;
    this.#pings.delete(id);
    const now = this.#options.clock.now();
    if (delayMs > 0) this.#blockage = { ms: delayMs, at: now };
    ping.resolve({ roundTripMs: now - ping.sentAt, delayMs });
  }

  onResult(id: CallId, value: unknown): void {
    const call = this.#pending.get(id);
    const borrowed = this.#options.references.takeBorrowed();
    if (call === undefined) {
      // The caller has given up: whatever streams came with the result are not wanted.
      for (const consumer of borrowed?.consumers ?? []) consumer.cancel();
      return;
    }
    for (const loan of borrowed?.loans ?? []) loan.over = true;
    this.#leave(call);
    if (call.stream !== undefined) call.stream.end();
    this.#options.references.bind(borrowed, call);
    call.consumers.push(...(borrowed?.consumers ?? []));
    call.succeed(value);
  }

  onError(id: CallId, error: WireError): void {
    this.onBroken(id, fromWire(error));
  }

  /** The call with this id has failed. */
  onBroken(id: CallId, failure: KindredError): void {
    const call = this.#pending.get(id);
    if (call === undefined) return;
    this.#leave(call);
    if (call.stream !== undefined) call.stream.end(failure);
    call.fail(failure, failure.outcome ?? 'unknown');
  }

  /** An item of a stream by the id of its call, as plain JSON-RPC peers send it. True where such a call is pending. */
  onPlainItem(id: CallId, seq: number, value: unknown, bytes: number): boolean {
    const call = this.#pending.get(id);
    if (call === undefined) return false;
    const { references, channel, limits } = this.#options;
    if (call.stream === undefined) {
      const stream = references.consume(
        id,
        false,
        () => this.#giveUp(call),
        call,
        () => {
          if (stream.bufferedBytes * 2 < limits.maxBufferedBytes) channel.resume();
        },
      );
      call.stream = stream;
      call.consumers.push(call.stream);
      // The reply is open from the first item on; what comes as the call's result only ends the stream.
      call.open(call.stream);
    }
    call.stream.push(seq, value, bytes);
    if (call.stream.bufferedBytes > limits.maxBufferedBytes) channel.pause();
    return true;
  }

  onAck(id: number): void {
    this.#acks.get(id)?.resolve();
    this.#acks.delete(id);
  }

  /** Whether calls that wait for their time to run out keep the process alive. */
  setRef(on: boolean): void {
    this.#deadlines.setRef(on);
  }

  /** There may be room now: sends what waits, in order. */
  pump(): void {
    while (this.#waiting.length > 0) {
      const next = this.#waiting[0] as Waiting;
      if (next.ticket.withdrawn === true) this.#waiting.shift();
      else if (this.#mayGo(next)) {
        this.#waiting.shift();
        if (!this.#transmit(next)) return;
      } else break;
    }
    this.#tellIdle();
  }

  /** The dialect is settled: what waited for it can go, or fail for good. */
  onReady(): void {
    this.#held?.timer.cancel();
    this.#held = undefined;
    this.pump();
  }

  /** The other end takes no new calls; those above `lastId` will not be answered. */
  onGoaway(lastId: CallId, reason: string): void {
    const error = new KindredError(
      'ERR_PEER_GONE',
      `the other end takes no more calls${reason === '' ? '' : ` (${reason})`}`,
    );
    this.#refusal ??= error;
    for (const waiting of this.#waiting.splice(0)) waiting.fail(error);
    for (const call of [...this.#pending.values()])
      if (typeof call.id === 'number' && typeof lastId === 'number' && call.id > lastId) {
        this.#leave(call);
        call.withdrawn = true;
        call.fail(error, 'not-sent');
      }
  }

  /** No reply will come any more. */
  close(error: KindredError): void {
    this.#refusal = error;
    this.#held?.timer.cancel();
    this.#held = undefined;
    const waiting = this.#waiting.splice(0);
    for (const one of waiting) one.fail(error);
    for (const call of [...this.#pending.values()]) {
      this.#leave(call);
      call.stream?.end(error.withOutcome('unknown'));
      // A channel that closes in good order still writes what waits; what is told to be unsent must not be among it.
      call.withdrawn = true;
      call.fail(error, call.sent ? 'unknown' : 'not-sent');
    }
    for (const { reject } of this.#acks.values()) reject(error);
    this.#acks.clear();
    for (const { reject } of this.#pings.values()) reject(error);
    this.#pings.clear();
    this.#deadlines.clear();
    this.#tellIdle();
  }

  /** Resolves when no call waits for anything any more. */
  whenIdle(): Promise<void> {
    return new Promise((resolve) => {
      this.#idle.push(resolve);
      this.#tellIdle();
    });
  }

  /** Own bounds and those of the call from which this one is made; what is left of the time goes along. */
  #prepare(call: PendingCall, options: CallOptions): Meta | undefined {
    const { context, watch } = this.#options;
    const scope = context.current();
    if (this.#refusal !== undefined) call.fail(this.#refusal, 'not-sent');
    else if (options.signal?.aborted === true) call.fail(cancelled(options.signal, call.method), 'not-sent');
    else if (scope?.cancelled !== undefined) call.fail(scope.cancelled, 'not-sent');
    if (call.settled) return undefined;
    const timeoutMs = shortest(options.timeoutMs, scope?.remainingMs);
    if (timeoutMs !== undefined) {
      call.timeoutMs = timeoutMs;
      call.since = watch.freeNow();
      call.due = call.since + timeoutMs;
      call.heardBefore = this.heard;
      if (timeoutMs <= 0) {
        call.fail(
          new KindredError('ERR_TIMEOUT', `${call.method}: no time is left for the call`),
          'not-sent',
        );
        return undefined;
      }
      this.#deadlines.add(call);
    }
    if (options.signal !== undefined) call.listenTo(options.signal);
    if (scope !== undefined) call.follow(scope);
    return timeoutMs === undefined ? options.meta : { ...options.meta, timeoutMs: Math.ceil(timeoutMs) };
  }

  #send(waiting: Waiting): void {
    if (this.#waiting.length === 0 && this.#mayGo(waiting)) {
      this.#transmit(waiting);
      return;
    }
    const { maxWaitingCalls } = this.#options.limits;
    if (this.#waiting.length >= maxWaitingCalls)
      waiting.fail(
        new KindredError(
          'ERR_BUSY',
          `${this.#waiting.length} calls wait already: maxWaitingCalls (${maxWaitingCalls})`,
        ),
      );
    else this.#waiting.push(waiting);
  }

  #mayGo(waiting: Waiting): boolean {
    const { channel, limits } = this.#options;
    if (channel.state === 'choosing' || this.#held !== undefined || channel.full) return false;
    if (!waiting.call) return true;
    const most = Math.min(limits.maxCalls, channel.remote?.maxCalls ?? limits.maxCalls);
    return this.#sentCalls < most;
  }

  /** False where the message must wait for the other end's hello, and all behind it. */
  #transmit(waiting: Waiting): boolean {
    const { channel, references, clock, limits } = this.#options;
    const { message, ticket, options, lending } = waiting;
    const mayLend = channel.kindred ? references.exporter(lending, waiting.call) : undefined;
    try {
      channel.send(message, { ticket, exportReference: mayLend, transfer: options.transfer });
    } catch (thrown) {
      references.ledger.end(lending.functions);
      lending.functions.length = 0;
      lending.streams.length = 0;
      const error =
        thrown instanceof KindredError
          ? thrown
          : new KindredError('ERR_NOT_ENCODABLE', 'an argument could not be read', { cause: thrown });
      if (error.code !== 'ERR_NOT_ENCODABLE' || channel.state !== 'greeting') {
        waiting.fail(error);
        return true;
      }
      this.#waiting.unshift(waiting);
      const timer = clock.after(limits.handshakeMs, () => {
        this.#held = undefined;
        this.#waiting.shift()?.fail(error);
        this.pump();
      });
      this.#held = { error, timer };
      return false;
    }
    if (waiting.call) {
      (ticket as PendingCall).counted = true;
      this.#sentCalls++;
    }
    waiting.sent();
    return true;
  }

  /** The call is no longer among those that wait for an answer. */
  #leave(call: PendingCall): void {
    if (!this.#pending.delete(call.id)) return;
    if (call.counted) this.#sentCalls--;
    if (this.#waiting.length > 0) queueMicrotask(() => this.pump());
    else this.#tellIdle();
  }

  /** Called by a pending call that gives up: by its signal, its deadline, or a consumer that wants no more. */
  abandon(call: PendingCall, error: KindredError): void {
    const sent = call.sent;
    if (!sent) call.withdrawn = true;
    this.#leave(call);
    if (sent) this.#giveUp(call);
    const told = error.withOutcome(sent ? 'unknown' : 'not-sent');
    for (const consumer of call.consumers) consumer.end(told);
    for (const producer of call.producers) producer.stop();
    call.fail(error, sent ? 'unknown' : 'not-sent');
    if (!sent) this.pump();
  }

  #giveUp(call: PendingCall): void {
    try {
      this.#options.channel.send({ kind: 'cancel', id: call.id });
    } catch {
      // The channel is closed: there is nobody left to tell.
    }
  }

  /** The life of a call is over: nothing of it may be used any more. */
  finished(call: PendingCall): void {
    this.#deadlines.remove(call);
    this.#options.references.ledger.end(call.lending.functions);
  }

  /** Half of a call's time is gone: asks whether the other end is alive, unless it was heard since. */
  probe(call: PendingCall): void {
    if (this.heard > call.heardBefore || this.#pings.size > 0 || !this.#options.channel.kindred) return;
    this.ping().then(undefined, () => {});
  }

  /** What is known of the other end when a call has run out of time. */
  timeoutError(call: PendingCall): KindredError {
    const said = `${call.method}: no answer within ${Math.round(call.timeoutMs)} ms`;
    const now = this.#options.clock.now();
    const silentSince = Math.min(...[...this.#pings.values()].map((ping) => ping.sentAt));
    if (Number.isFinite(silentSince)) {
      const silentMs = Math.round(now - silentSince);
      const message = `${said}: the other end has not answered a ping for ${silentMs} ms, so its event loop is blocked or it is gone`;
      return new KindredError('ERR_TIMEOUT', message, { data: { peer: 'silent', silentMs } });
    }
    const blockage = this.#blockage;
    if (blockage !== undefined && now - blockage.at < call.timeoutMs && blockage.ms * 4 >= call.timeoutMs) {
      const blockedMs = Math.round(blockage.ms);
      return new KindredError(
        'ERR_TIMEOUT',
        `${said}: the other end is busy (its event loop was blocked for ${blockedMs} ms)`,
        {
          data: { peer: 'busy', blockedMs },
        },
      );
    }
    if (!this.#options.channel.kindred)
      return new KindredError('ERR_TIMEOUT', said, { data: { peer: 'unknown' } });
    return new KindredError('ERR_TIMEOUT', `${said}: the other end is alive, its function has not finished`, {
      data: { peer: 'alive' },
    });
  }

  #tellIdle(): void {
    if (this.#pending.size > 0 || this.#waiting.length > 0) return;
    for (const resolve of this.#idle.splice(0)) resolve();
  }
}

/** One call from here on its way; also its ticket on the channel, its deadline, and the life of what it lends. */
class PendingCall implements Ticket, Deadline, Life {
  readonly id: number;
  readonly method: string;
  readonly lending: Lending = { functions: [], streams: [] };
  readonly consumers: Consumer[] = [];
  /** The streams among its arguments. */
  producers: readonly Producer[] = [];
  /** The stream of a plain JSON-RPC peer, which is opened by its first item. */
  stream: Consumer | undefined;
  sent = false;
  withdrawn = false;
  counted = false;
  settled = false;
  due = Number.POSITIVE_INFINITY;
  since = 0;
  timeoutMs = 0;
  heardBefore = 0;
  readonly #resolve: (value: unknown) => void;
  readonly #reject: (error: KindredError) => void;
  readonly #outbound: Outbound;
  #holds = 1;
  #unlisten: (() => void) | undefined;
  #unfollow: (() => void) | undefined;

  constructor(
    id: number,
    method: string,
    resolve: (value: unknown) => void,
    reject: (error: KindredError) => void,
    outbound: Outbound,
  ) {
    this.id = id;
    this.method = method;
    this.#resolve = resolve;
    this.#reject = reject;
    this.#outbound = outbound;
  }

  open(value: unknown): void {
    this.#resolve(value);
  }

  succeed(value: unknown): void {
    if (this.settled) return;
    this.settled = true;
    this.#resolve(value);
    this.release();
  }

  fail(error: KindredError, outcome: Outcome): void {
    if (this.settled) return;
    this.settled = true;
    this.#reject(error.outcome === outcome ? error : error.withOutcome(outcome));
    this.release();
  }

  hold(): void {
    this.#holds++;
  }

  release(): void {
    if (--this.#holds > 0) return;
    this.#unlisten?.();
    this.#unfollow?.();
    this.#outbound.finished(this);
  }

  listenTo(signal: AbortSignal): void {
    const fired = (): void => this.#outbound.abandon(this, cancelled(signal, this.method));
    signal.addEventListener('abort', fired, { once: true });
    this.#unlisten = () => signal.removeEventListener('abort', fired);
  }

  follow(scope: Scope): void {
    this.#unfollow = scope.onCancel((reason) => this.#outbound.abandon(this, reason));
  }

  expire(): void {
    this.#outbound.abandon(this, this.#outbound.timeoutError(this));
  }

  halfway(): void {
    this.#outbound.probe(this);
  }
}

function cancelled(signal: AbortSignal, method: string): KindredError {
  return new KindredError('ERR_CANCELLED', `${method} was cancelled by its caller`, { cause: signal.reason });
}

function shortest(own: number | undefined, inherited: number | undefined): number | undefined {
  const bound = Math.min(
    own === undefined || own === 0 ? Number.POSITIVE_INFINITY : own,
    inherited ?? Number.POSITIVE_INFINITY,
  );
  return bound === Number.POSITIVE_INFINITY ? undefined : bound;
}

function paramsOf(args: readonly unknown[], options: CallOptions): Params {
  if (options.params !== 'named') return args;
  const [named, ...more] = args;
  if (more.length > 0 || typeof named !== 'object' || named === null)
    throw new KindredError('ERR_BAD_ARGUMENT', 'with named parameters a call takes one object', {
      outcome: 'not-sent',
    });
  return named as Readonly<Record<string, unknown>>;
}
