/**
 * Calls and notifications that leave, and how each of them settles.
 *
 * A call settles exactly once. Its outcome is `not-sent` only while its ticket says that no byte of it has left; what is
 * told to be unsent is withdrawn first, so that it can never leave afterwards.
 */
import type { Clock } from '../base/clock.ts';
import { KindredError, type Outcome } from '../base/errors.ts';
import type { LoopWatch } from '../base/loop-watch.ts';
import type { Channel } from '../channel/channel.ts';
import type { Limits } from '../wire/limits.ts';
import type { CallId, Params, WireError } from '../wire/message.ts';
import type { Brake } from './brake.ts';
import { type JoinedOptions, misuse } from './call-options.ts';
import { CallTable } from './call-table.ts';
import type { ContextPort } from './context.ts';
import { createDeadlines, type Deadlines } from './deadlines.ts';
import { Heartbeat } from './heartbeat.ts';
import { Liveness } from './liveness.ts';
import { type CallOwner, cancelledBy, PendingCall } from './pending-call.ts';
import { PendingNotification } from './pending-notification.ts';
import type { Lending, References } from './references.ts';
import { Reply } from './reply.ts';
import type { Scope } from './scope.ts';
import { Sender } from './sender.ts';
import type { Producer } from './streams.ts';
import type { Retained, Successor } from './successor.ts';
import { fromWire } from './wire-errors.ts';

export interface OutboundOptions {
  channel: Channel;
  limits: Limits;
  clock: Clock;
  watch: LoopWatch;
  context: ContextPort;
  references: References;
  brake: Brake;
  /** 0: an end that vanishes is not looked for. */
  heartbeatMs: number;
  hasArrived: (() => boolean | undefined) | undefined;
  /** Takes what this connection leaves undone. */
  successor: Successor | undefined;
}

export class Outbound implements CallOwner {
  readonly liveness: Liveness;
  readonly #channel: Channel;
  readonly #limits: Limits;
  readonly #watch: LoopWatch;
  readonly #context: ContextPort;
  readonly #references: References;
  readonly #sender: Sender;
  readonly #brake: Brake;
  readonly #clock: Clock;
  readonly #heartbeat: Heartbeat | undefined;
  readonly #successor: Successor | undefined;
  /** Made for the first call that has one. */
  #deadlines: Deadlines | undefined;
  #refd = true;
  readonly #pending = new CallTable<PendingCall>();
  /** Whom to tell when the other end answers a call that was given up here. */
  readonly #abandoned = new Map<CallId, () => void>();
  readonly #unacknowledged = new CallTable<PendingNotification>();
  #lastId = 0;
  #lastNotification = 0;
  /** Why nothing is sent any more. */
  #refusal: KindredError | undefined;
  #closed = false;
  #idle: (() => void)[] = [];

  constructor(options: OutboundOptions) {
    this.#channel = options.channel;
    this.#limits = options.limits;
    this.#watch = options.watch;
    this.#context = options.context;
    this.#references = options.references;
    this.#sender = new Sender(options);
    this.#brake = options.brake;
    this.#clock = options.clock;
    this.#successor = options.successor;
    this.liveness = new Liveness(options.channel, options.clock, options.watch, options.limits.handshakeMs);
    this.#heartbeat = options.heartbeatMs === 0 ? undefined : this.#createHeartbeat(options);
  }

  get inFlight(): number {
    return this.#pending.size;
  }

  get waiting(): number {
    return this.#sender.waiting;
  }

  /** Resolves when no call and no notification waits to be sent. */
  whenSent(): Promise<void> {
    return this.#sender.whenEmpty();
  }

  has(id: CallId): boolean {
    return this.#pending.get(id) !== undefined;
  }

  /** `over` and `held`: as for `OwnPeer.invoke`. */
  call(
    method: string | number,
    args: readonly unknown[],
    options: JoinedOptions,
    over?: () => void,
    held?: unknown,
  ): Reply<unknown> {
    const call = new PendingCall(this, ++this.#lastId, method, paramsOf(args, options), options.transfer);
    const reply = new Reply<unknown>((resolve, reject) => {
      call.resolve = resolve;
      call.reject = reject;
    });
    if (over !== undefined) call.over = over;
    const misused = misuse(options, args);
    const from = this.#context.current();
    if (this.#successor !== undefined && typeof method === 'string')
      call.retained = this.#retain(args, options, from, held);
    if (misused === undefined) this.#prepare(call, options, from);
    else call.fail(misused);
    if (call.settled) return reply;
    this.#pending.add(call);
    this.#sender.send(call);
    return reply;
  }

  /** `held`: as for `OwnPeer.deliver`. */
  notify(method: string, args: readonly unknown[], options: JoinedOptions, held?: unknown): Promise<void> {
    const level = options.delivery ?? 'written';
    const id = ++this.#lastNotification;
    const params = paramsOf(args, options);
    const notification = new PendingNotification(this.#channel, method, params, options, { id, level });
    if (this.#successor !== undefined)
      notification.retain(this.#successor, this.#retain(args, options, undefined, held));
    const refusal = misuse(options, args) ?? firedBefore(options, method);
    if (refusal !== undefined) notification.fail(refusal);
    else if (this.#refusal !== undefined) notification.lose(this.#refusal);
    else {
      if (level !== 'written') {
        this.#unacknowledged.add(notification);
        notification.tie(() => {
          if (!notification.sent) this.#unacknowledged.delete(id);
        });
      }
      this.#boundNotification(notification, method, level, options);
      this.#sender.send(notification);
    }
    return notification.done;
  }

  onResult(id: CallId, value: unknown): void {
    const call = this.#pending.get(id);
    const borrowed = this.#references.takeBorrowed();
    // One called `then` would be taken for a promise, and the call would never settle.
    if (borrowed !== undefined && borrowed.loans.length > 0)
      throw new KindredError('ERR_PROTOCOL', 'a result has brought a function: only arguments may');
    if (call === undefined) {
      this.#answeredLate(id);
      // The caller has given up: whatever came with the result is not wanted.
      for (const consumer of borrowed?.consumers ?? []) consumer.cancel();
      borrowed?.claim?.drop();
      return;
    }
    this.#leave(call);
    call.plainStream?.end();
    if (borrowed !== undefined) {
      this.#references.bind(borrowed, call);
      call.addConsumers(borrowed.consumers);
    }
    const claim = borrowed?.claim;
    if (claim === undefined) return call.succeed(value);
    // It answers only with what it has.
    claim.start(() => {
      if (call.settled) claim.drop();
      else if (claim.error === undefined) call.succeed(value);
      else call.fail(claim.error, 'executed');
    });
  }

  onError(id: CallId, error: WireError): void {
    this.onBroken(id, fromWire(error));
  }

  /** The call with this id has failed. */
  onBroken(id: CallId, failure: KindredError): void {
    const call = this.#pending.get(id);
    if (call === undefined) return this.#answeredLate(id);
    this.#leave(call);
    call.plainStream?.end(failure);
    const outcome = failure.outcome ?? 'unknown';
    // It came when the other end had begun to drain.
    if (failure.code === 'ERR_PEER_GONE' && outcome === 'not-sent') this.lose(call, failure, outcome);
    else call.fail(failure, outcome);
  }

  /** An item of a stream by the id of its call, as plain JSON-RPC peers send it. True where such a call is pending. */
  onPlainItem(id: CallId, seq: number, value: unknown, bytes: number): boolean {
    const call = this.#pending.get(id);
    if (call === undefined) return false;
    const brake = this.#brake;
    const { maxBufferedBytes } = this.#limits;
    if (call.plainStream === undefined) {
      const taken = (): void => {
        if (stream.bufferedBytes * 2 < maxBufferedBytes) brake.set(call, false);
      };
      const stop = (): void => {
        this.#sendCancel(call);
        brake.set(call, false);
      };
      const stream = this.#references.consume(id, false, stop, call, taken);
      call.openPlainStream(stream);
    }
    call.plainStream?.push(seq, value, bytes);
    if ((call.plainStream?.bufferedBytes ?? 0) > maxBufferedBytes) brake.set(call, true);
    return true;
  }

  onAck(id: number): void {
    const notification = this.#unacknowledged.get(id);
    this.#unacknowledged.delete(id);
    notification?.onAck();
    this.#sender.onAck(id, notification);
  }

  /** Whether what waits for its time to run out keeps the process alive. */
  setRef(on: boolean): void {
    this.#refd = on;
    this.#sender.setRef(on);
    this.liveness.setRef(on);
    this.#deadlines?.setRef(on);
  }

  /** There may be room now: sends what waits, in order. */
  pump(): void {
    this.#sender.pump();
    this.#tellIdle();
  }

  /** The dialect is settled: what waited for it can go, or fail for good. */
  onReady(): void {
    this.#sender.onReady();
    this.liveness.onReady();
    this.#heartbeat?.start();
  }

  /** The other end takes no new calls, but of functions that it has lent; those above `lastId` will not be answered. */
  onGoaway(lastId: CallId, reason: string): void {
    const why = reason === '' ? '' : ` (${reason})`;
    const error = new KindredError('ERR_PEER_GONE', `the other end takes no more calls${why}`);
    this.#refusal ??= error;
    this.#successor?.onRefusal(error);
    this.#sender.refuse(error, (outgoing) => outgoing.isOfLent !== true);
    for (const call of this.#pending.values())
      if (typeof lastId === 'number' && call.id > lastId && !call.isOfLent) {
        this.#leave(call);
        call.withdrawn = true;
        this.lose(call, error, 'not-sent');
      }
  }

  /** Tells the other end that no answer is wanted any more. */
  cancelAll(): void {
    for (const call of this.#pending.values()) if (call.sent) this.#sendCancel(call);
  }

  /** No reply will come any more. */
  close(error: KindredError): void {
    this.#refusal = error;
    this.#closed = true;
    this.#successor?.onRefusal(error);
    this.#sender.refuse(error);
    for (const call of this.#pending.values()) {
      this.#leave(call);
      call.plainStream?.end(error.withOutcome('unknown'));
      // A channel that closes in good order still writes what waits; what is told to be unsent must not be among it.
      call.withdrawn = true;
      call.lose(error);
    }
    for (const id of [...this.#abandoned.keys()]) this.#answeredLate(id);
    for (const notification of this.#unacknowledged.values()) notification.fail(error);
    this.liveness.close(error);
    this.#heartbeat?.stop();
    this.#deadlines?.clear();
    this.#tellIdle();
  }

  /** Resolves when no call waits for anything any more. */
  whenIdle(): Promise<void> {
    return new Promise((resolve) => {
      this.#idle.push(resolve);
      this.#tellIdle();
    });
  }

  abandon(call: PendingCall, error: KindredError): void {
    const { sent } = call;
    if (!sent) call.withdrawn = true;
    else if (this.has(call.id)) {
      const over = call.takeOver();
      if (over !== undefined) this.#abandoned.set(call.id, over);
    }
    this.#leave(call);
    if (sent) this.#sendCancel(call);
    const outcome = sent ? 'unknown' : 'not-sent';
    call.endStreams(error.withOutcome(outcome));
    call.fail(error, outcome);
    if (!sent) this.pump();
  }

  freeNow(): number {
    return this.#watch.freeNow();
  }

  recall(lending: Lending): void {
    this.#references.recall(lending);
  }

  startStreams(call: PendingCall, lending: Lending): readonly Producer[] {
    return this.#references.start(lending, call, (work) => work());
  }

  lose(call: PendingCall, error: KindredError, outcome: Outcome): void {
    if (!this.#handOn(call, outcome)) call.fail(error, outcome);
  }

  finished(call: PendingCall): void {
    const { deadline } = call;
    if (deadline !== undefined) this.#deadlines?.remove(deadline);
    this.#references.ledger.end(call.lentFunctions);
    call.takeOver()?.();
  }

  #createHeartbeat({ channel, clock, limits, heartbeatMs, hasArrived }: OutboundOptions): Heartbeat {
    const { heartbeatMisses } = limits;
    return new Heartbeat({
      clock,
      intervalMs: heartbeatMs,
      mostUnanswered: heartbeatMisses,
      answersPings: () => channel.kindred,
      heard: () => this.liveness.heard,
      isReached: () => hasArrived?.() === true,
      ping: () => void this.liveness.ping().catch(() => {}),
      vanished: (silentMs) => {
        const message = `the other end has vanished: it said nothing for ${silentMs} ms, and answered no ping (heartbeatMs ${heartbeatMs}, heartbeatMisses ${heartbeatMisses})`;
        channel.destroy({ kind: 'lost', error: new KindredError('ERR_PEER_GONE', message) });
      },
    });
  }

  /** Its own bounds and those of the call from which it is made, unless that is over: what it has left behind is free. */
  #prepare(call: PendingCall, options: JoinedOptions, from: Scope | undefined): void {
    const scope = from?.over === true ? undefined : from;
    const refusal = firedBefore(options, call.name) ?? scope?.cancelled;
    if (refusal !== undefined) return call.fail(refusal);
    const gone = call.isOfLent && !this.#closed ? undefined : this.#refusal;
    if (gone !== undefined) return this.lose(call, gone, 'not-sent');
    const timeoutMs = shortest(options.timeoutMs, scope?.remainingMs);
    if (timeoutMs !== undefined && timeoutMs <= 0)
      return call.fail(new KindredError('ERR_TIMEOUT', `${call.name}: no time is left for the call`));
    call.meta = options.meta;
    if (timeoutMs !== undefined) this.#bound(call, timeoutMs);
    for (const signal of options.signals) call.listenTo(signal);
    if (scope !== undefined) call.follow(scope);
  }

  #retain(
    args: readonly unknown[],
    options: JoinedOptions,
    from: Scope | undefined,
    held: unknown,
  ): Retained {
    const order = (this.#successor as Successor).next();
    return { args, options, from, due: undefined, order, held };
  }

  /** True: whoever comes after this connection makes it again. What may have run only where it may run twice. */
  #handOn(call: PendingCall, outcome: Outcome): boolean {
    const { retained, method } = call;
    if (call.settled || retained === undefined || typeof method !== 'string' || !call.canLendAgain)
      return false;
    const mayHaveRun = outcome !== 'not-sent';
    if (mayHaveRun && retained.options.idempotent !== true) return false;
    const { resolve, reject } = call;
    const due = call.deadline?.due;
    if (
      this.#successor?.take({ ...retained, kind: 'call', due, method, mayHaveRun, resolve, reject }) !== true
    )
      return false;
    call.handOver();
    return true;
  }

  #bound(call: PendingCall, timeoutMs: number): void {
    const since = this.#watch.freeNow();
    this.liveness.look();
    call.deadline = {
      since,
      due: since + timeoutMs,
      expire: () => this.abandon(call, this.liveness.timeoutError(call.name, timeoutMs)),
      halfway: () => this.liveness.probe(timeoutMs),
    };
    this.#openDeadlines().add(call.deadline);
  }

  /** The bounds of a notification are for its wait: to be written, or to hear what was asked for. */
  #boundNotification(
    notification: PendingNotification,
    method: string,
    level: string,
    { signals, timeoutMs: own }: JoinedOptions,
  ): void {
    const giveUp = (error: KindredError): void => {
      notification.fail(error);
      if (!notification.sent) this.#sender.takeBack(notification);
      this.pump();
    };
    for (const signal of signals) {
      const fired = (): void => giveUp(cancelledBy(signal, method));
      signal.addEventListener('abort', fired, { once: true });
      notification.tie(() => signal.removeEventListener('abort', fired));
    }
    const timeoutMs = shortest(own, undefined);
    if (timeoutMs === undefined) return;
    const since = this.#watch.freeNow();
    const expire = (): void =>
      giveUp(new KindredError('ERR_TIMEOUT', `${method}: not ${level} within ${Math.round(timeoutMs)} ms`));
    const deadline = { since, due: since + timeoutMs, expire };
    notification.due = deadline.due;
    const deadlines = this.#openDeadlines();
    deadlines.add(deadline);
    notification.tie(() => deadlines.remove(deadline));
  }

  #openDeadlines(): Deadlines {
    if (this.#deadlines === undefined) {
      this.#deadlines = createDeadlines(this.#watch, this.#clock);
      this.#deadlines.setRef(this.#refd);
    }
    return this.#deadlines;
  }

  /** The call is no longer among those that wait for an answer. */
  #leave(call: PendingCall): void {
    if (!this.#pending.delete(call.id)) return;
    this.#brake.set(call, false);
    this.#sender.leave(call);
    if (this.#idle.length > 0) this.#tellIdle();
  }

  #answeredLate(id: CallId): void {
    const over = this.#abandoned.get(id);
    this.#abandoned.delete(id);
    over?.();
  }

  #sendCancel(call: PendingCall): void {
    try {
      this.#channel.send({ kind: 'cancel', id: call.id });
    } catch {
      // The channel is closed: there is nobody left to tell.
    }
  }

  #tellIdle(): void {
    if (this.#pending.size > 0 || this.#sender.waiting > 0) return;
    for (const resolve of this.#idle.splice(0)) resolve();
  }
}

function shortest(own: number | undefined, inherited: number | undefined): number | undefined {
  if (own === undefined || own === 0 || own === Number.POSITIVE_INFINITY) return inherited;
  return inherited === undefined ? own : Math.min(own, inherited);
}

function firedBefore({ signals }: JoinedOptions, name: string): KindredError | undefined {
  for (const signal of signals) if (signal.aborted) return cancelledBy(signal, name);
  return undefined;
}

function paramsOf(args: readonly unknown[], { params }: JoinedOptions): Params {
  return params === 'named' && args.length > 0 ? (args[0] as Readonly<Record<string, unknown>>) : args;
}
