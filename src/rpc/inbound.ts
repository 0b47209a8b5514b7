/**
 * Calls and notifications that arrive: finds the function, runs it in its context, answers.
 *
 * Only names of the service's own table are looked up. More than `maxCalls` wait in their order. Another Kindred then
 * waits by itself: nothing stops what else it has to say. A stranger is slowed by its transport, unless this end waits for
 * its answers, which come the same way.
 */
import { KindredError } from '../base/errors.ts';
import { Fifo } from '../base/fifo.ts';
import type { LoopWatch } from '../base/loop-watch.ts';
import type { Channel, Ticket } from '../channel/channel.ts';
import type { Limits } from '../wire/limits.ts';
import type { CallId, Message, WireError } from '../wire/message.ts';
import { type AnswerRecord, keyOf } from './answer-record.ts';
import type { Brake } from './brake.ts';
import { CallTable } from './call-table.ts';
import type { Claim } from './claim.ts';
import type { ContextPort, EventsPort } from './context.ts';
import { Lookup, type LookupOptions, nothing } from './lookup.ts';
import type { Around } from './middleware/middleware.ts';
import { isRefused } from './middleware/refused.ts';
import type { Peer } from './peer.ts';
import type { Borrowing, References } from './references.ts';
import { CallRefusal, neverRun, turnedAway, unsayable } from './refusal.ts';
import { Scope, type ScopeOwner } from './scope.ts';
import { argumentsFor, type Method } from './service.ts';
import { isSource, iterate, type Source } from './streams.ts';
import { transferOf } from './transfer.ts';
import { degraded, refusalToWire, thrownToWire } from './wire-errors.ts';

type CallMessage = Extract<Message, { kind: 'call' }>;
type NotifyMessage = Extract<Message, { kind: 'notify' }>;

/** What waits until fewer run. */
interface Parked {
  message: CallMessage | NotifyMessage;
  borrowed: Borrowing | undefined;
  /** Its caller has given up since its handles were asked for. */
  isCancelled?: boolean;
}

/** Where `methods` are not known yet, calls wait for `offer`, or for `refuseAll`. */
export interface InboundOptions extends LookupOptions {
  channel: Channel;
  limits: Limits;
  watch: LoopWatch;
  context: ContextPort;
  events: EventsPort;
  references: References;
  brake: Brake;
  /** Sends an answer that no function has made. */
  answer(message: Message): void;
  /** Whether calls to the other end are open. */
  awaitsAnswers(): boolean;
  /** Runs the functions of the service, where middleware stands around them; those that were lent never. */
  around: Around | undefined;
  /** The answers to calls that may come twice. */
  record: AnswerRecord | undefined;
  /** Whether what a function throws goes out with its stack. */
  withStack: boolean;
  peer(): Peer<unknown>;
}

export class Inbound implements ScopeOwner {
  readonly #options: InboundOptions;
  readonly #channel: Channel;
  readonly #references: References;
  readonly #lookup: Lookup;
  /** Calls by their id; and what has none that could be told from others. */
  readonly #calls = new CallTable<Scope>();
  readonly #nameless = new CallTable<Scope>();
  #lastNameless = 0;
  readonly #parked = new Fifo<Parked>();
  /** For all results: what a ticket would say of one is not asked. */
  readonly #resultTicket: Ticket;
  #answering = 0;
  #pumpIsDue = false;
  #refusal: KindredError | undefined;
  #lastId: CallId = 0;
  #letGo: (() => void) | undefined;
  #idle: (() => void)[] = [];

  constructor(options: InboundOptions) {
    this.#options = options;
    this.#channel = options.channel;
    this.#references = options.references;
    this.#lookup = new Lookup(options, options.references.ledger);
    const { lendResult, lentStreams } = options.references;
    this.#resultTicket = { sent: false, exportReference: lendResult, lentStreams };
  }

  get peer(): Peer<unknown> {
    return this.#options.peer();
  }

  freeNow(): number {
    return this.#options.watch.freeNow();
  }

  /** Calls and notifications that run or wait, and streams of their results. */
  get load(): number {
    return this.#running + this.#parked.size;
  }

  get #running(): number {
    return this.#calls.size + this.#nameless.size;
  }

  /** The id of the last call that was accepted. */
  get lastId(): CallId {
    return this.#lastId;
  }

  onCall(message: CallMessage): void {
    const { id } = message;
    const borrowed = this.#references.takeBorrowed();
    // A lent function belongs to a call that was accepted, by either end.
    if (this.#refusal !== undefined && typeof message.method === 'string')
      return this.#turnAway(id, borrowed, this.#refusal);
    if (id !== null && this.#calls.get(id) !== undefined)
      return this.#turnAway(
        id,
        borrowed,
        new KindredError(
          'ERR_INVALID_REQUEST',
          `a call with the id ${JSON.stringify(id)} is running already`,
        ),
      );
    if (typeof id === 'number') this.#lastId = id;
    this.#runOrPark(message, borrowed);
  }

  onNotify(message: NotifyMessage): void {
    const borrowed = this.#references.takeBorrowed();
    if (borrowed?.claim !== undefined)
      throw new KindredError(
        'ERR_PROTOCOL',
        'a notification has brought a handle: only calls and results may',
      );
    this.#runOrPark(message, borrowed);
  }

  onCancel(id: CallId): void {
    const cancelled = turnedAway();
    const isMeant = ({ message }: Parked): boolean => message.kind === 'call' && message.id === id;
    const parked = this.#parked.take((each) => isMeant(each) && each.borrowed?.claim?.isStarted !== true);
    if (parked.length === 0) {
      // Where it gets its handles nobody else has them any more: so its function runs, and hears of it.
      for (const each of this.#parked) if (isMeant(each)) each.isCancelled = true;
      this.#calls.get(id)?.cancel(cancelled);
      return;
    }
    this.slow();
    for (const { borrowed } of parked) this.#turnAway(id, borrowed, cancelled);
  }

  /** There is room to answer again. */
  pump(): void {
    this.#pumpIsDue = false;
    while (this.#parked.size > 0 && this.#mayRun()) {
      const { message, borrowed, isCancelled } = this.#parked.first as Parked;
      const claim = borrowed?.claim;
      if (claim?.isSettled === false) {
        this.#claim(message, claim);
        if (!claim.isSettled) break;
      }
      this.#parked.shift();
      if (claim?.error === undefined) this.#run(message, borrowed, isCancelled);
      else this.#turnAway((message as CallMessage).id, borrowed, neverRun(claim.error));
    }
    this.slow();
  }

  /** Reads a stranger no further while much waits, and on again when little does or this end waits for its answers. */
  slow(): void {
    const { brake, limits, awaitsAnswers } = this.#options;
    const waiting = this.#parked.size;
    const isMuch = waiting >= limits.maxCalls || (brake.has(this) && waiting * 2 > limits.maxCalls);
    brake.set(this, isMuch && !this.#channel.kindred && !awaitsAnswers());
  }

  /** The service is known: what waited for it runs. */
  offer(methods: ReadonlyMap<string, Method>): void {
    this.#lookup.methods = methods;
    this.pump();
  }

  /** Accepts no more calls, but those of lent functions. */
  refuse(error: KindredError): void {
    this.#refusal ??= error;
  }

  /** The same, also for the calls that wait. */
  refuseAll(error: KindredError): void {
    this.refuse(error);
    this.#lookup.methods ??= nothing;
    for (const { message, borrowed } of this.#parked.take(({ message }) => message.kind === 'call'))
      this.#turnAway((message as CallMessage).id, borrowed, error);
    this.pump();
    this.#tellIdle();
  }

  /** The caller is gone: nobody wants the answers. */
  close(error: KindredError): void {
    this.#refusal ??= error;
    for (const { borrowed } of this.#parked.take()) borrowed?.claim?.drop();
    // Whoever has given a call a key may come back for its answer.
    const isLost = error.code !== 'ERR_CLOSED';
    for (const scope of [...this.#calls.values(), ...this.#nameless.values()])
      if (!isLost || !scope.isKept) scope.cancel(error);
    this.#tellIdle();
  }

  /** Resolves when nothing runs and all answers are with the channel. */
  whenIdle(): Promise<void> {
    return new Promise((resolve) => {
      this.#idle.push(resolve);
      this.#tellIdle();
    });
  }

  scopeOver(scope: Scope): void {
    (scope.isNameless ? this.#nameless : this.#calls).delete(scope.id);
    if (this.#idle.length > 0) this.#tellIdle();
    if (this.#running > 0) return;
    this.#letGo?.();
    this.#letGo = undefined;
  }

  #mayRun(): boolean {
    return (
      this.#lookup.methods !== undefined &&
      this.#answering < this.#options.limits.maxCalls &&
      !this.#channel.full
    );
  }

  #runOrPark(message: CallMessage | NotifyMessage, borrowed: Borrowing | undefined): void {
    const claim = borrowed?.claim;
    if (claim === undefined && this.#parked.size === 0 && this.#mayRun()) return this.#run(message, borrowed);
    const { maxCalls, maxWaitingCalls } = this.#options.limits;
    this.#parked.push({ message, borrowed });
    const waiting = this.#parked.size;
    if (waiting > Math.max(maxWaitingCalls, 2 * maxCalls))
      throw new KindredError(
        'ERR_LIMIT',
        `${waiting} calls and notifications wait to be run, above maxWaitingCalls (${maxWaitingCalls})`,
      );
    // One that waits for others to finish leaves its handles where they are: its caller may give it up meanwhile.
    if (claim !== undefined && this.#lookup.methods !== undefined && this.#answering + waiting <= maxCalls)
      this.#claim(message as CallMessage, claim);
    if (claim?.isSettled === true) this.#pumpSoon();
    this.slow();
  }

  /** Asks for the handles of a call that will run; those of one that cannot go back. */
  #claim(message: CallMessage | NotifyMessage, claim: Claim): void {
    try {
      argumentsFor(this.#lookup.find(message.method), message.params);
    } catch (refusal) {
      return claim.fail(CallRefusal.is(refusal) ? refusal.error : (refusal as KindredError));
    }
    claim.start(() => this.#pumpSoon());
  }

  #open(message: CallMessage | NotifyMessage, borrowed: Borrowing | undefined): Scope {
    const { method, meta } = message;
    const name = typeof method === 'string' ? method : String(method);
    const isNameless = message.kind === 'notify' || message.id === null;
    const scope = new Scope(this, isNameless ? ++this.#lastNameless : message.id, name, meta, isNameless);
    this.#letGo ??= this.#options.watch.hold();
    (isNameless ? this.#nameless : this.#calls).add(scope);
    if (borrowed !== undefined) this.#references.endWith(borrowed, scope);
    return scope;
  }

  #run(
    message: CallMessage | NotifyMessage,
    borrowed: Borrowing | undefined,
    isCancelled: boolean = false,
  ): void {
    const scope = this.#open(message, borrowed);
    if (isCancelled) scope.cancel(turnedAway());
    this.#answering++;
    if (message.kind === 'notify' && message.ack?.level === 'received')
      this.#send({ kind: 'ack', ...message.ack });
    let result: unknown;
    let promise: Promise<unknown> | undefined;
    try {
      result = this.#invoke(this.#lookup.find(message.method), message, scope);
      if (isThenable(result)) promise = Promise.resolve(result);
    } catch (thrown) {
      this.#failed(message, scope, thrown);
      return;
    }
    if (promise === undefined) this.#succeeded(message, scope, result);
    else
      promise.then(
        (value) => this.#succeeded(message, scope, value),
        (thrown: unknown) => this.#failed(message, scope, thrown),
      );
  }

  #invoke(method: Method, message: CallMessage | NotifyMessage, scope: Scope): unknown {
    let args: readonly unknown[];
    try {
      args = argumentsFor(method, message.params);
    } catch (error) {
      throw new CallRefusal(error as KindredError);
    }
    const { around, record } = this.#options;
    if (record !== undefined && message.kind === 'call' && this.#channel.kindred) {
      const key = keyOf(message.meta);
      if (key !== undefined) method = this.#recorded(method, key, record, scope);
    }
    if (around !== undefined && typeof message.method === 'string') {
      const kind = message.kind === 'call' ? 'call' : 'notification';
      return this.#options.context.run(scope, () => around(scope, method, args, kind));
    }
    return this.#options.context.run(scope, () => method.run.apply(method.owner, args as unknown[]));
  }

  /** The same function, which runs once for all calls with this key. Inside of the middleware: that sees each of them. */
  #recorded(method: Method, key: string, record: AnswerRecord, scope: Scope): Method {
    scope.isKept = true;
    const { name, owner, parameters } = method;
    const run = (...args: unknown[]): unknown =>
      record.once(key, name, scope, () => method.run.apply(owner, args));
    return { name, owner, parameters, run };
  }

  #succeeded(message: CallMessage | NotifyMessage, scope: Scope, value: unknown): void {
    if (message.kind === 'notify') return this.#notified(message, scope);
    if (this.#channel.state === 'closed') return this.#finish(scope);
    try {
      if (this.#channel.kindred) this.#answerKindred(message.id, scope, value);
      else if (isSource(value)) return this.#answerPlainStream(message.id, scope, value);
      else this.#channel.send({ kind: 'result', id: message.id, value });
    } catch (error) {
      for (const { source } of this.#references.forgetLending()) void cancelSource(source);
      this.#refuse(message.id, unsayable(scope.method, error));
    }
    this.#finish(scope);
  }

  #answerKindred(id: CallId, scope: Scope, value: unknown): void {
    const references = this.#references;
    const transfer = this.#channel.carries.transfer ? transferOf(value) : undefined;
    const ticket = transfer === undefined ? this.#resultTicket : { ...this.#resultTicket, transfer };
    this.#channel.send({ kind: 'result', id, value }, ticket);
    const lending = references.takeLending();
    if (lending === undefined) return;
    // Whoever turns away from a stream that is the whole result wants nothing more of the call.
    const unwanted = (source: unknown): void => {
      if (source === value) scope.cancel(turnedAway());
    };
    const run = <T>(work: () => T): T => this.#options.context.run(scope, work);
    this.#stopWith(scope, references.start(lending, scope, run, unwanted));
  }

  /** A plain JSON-RPC peer gets the items under the id of its call, and the reply at the end. */
  #answerPlainStream(id: CallId, scope: Scope, source: Source): void {
    const run = <T>(work: () => T): T => this.#options.context.run(scope, work);
    const finish = (failure: WireError | undefined): void => {
      if (failure === undefined) this.#send({ kind: 'result', id, value: null });
      else this.#sendError(id, failure);
      this.#answered();
    };
    const producer = this.#references.produce(id, source, false, scope, run, finish);
    this.#stopWith(scope, [producer], (reason) => finish(refusalToWire(reason)));
    scope.release();
  }

  #notified({ ack, method }: NotifyMessage, scope: Scope, failure?: { thrown: unknown }): void {
    // What belongs to a protocol that is not spoken here was never meant for the service.
    if (failure !== undefined && !(method.startsWith('$/') && this.#lookup.methods?.has(method) !== true))
      this.#options.events.publish('kindred:notification.failed', () => ({
        peer: this.peer,
        method,
        error: CallRefusal.is(failure.thrown) ? failure.thrown.error : failure.thrown,
      }));
    if (ack?.level === 'handled') this.#send({ kind: 'ack', ...ack });
    this.#finish(scope);
  }

  /** A call that is cancelled ends the streams of its result too. */
  #stopWith(
    scope: Scope,
    producers: readonly { stop(): void }[],
    then?: (reason: KindredError) => void,
  ): void {
    scope.onCancel((reason) => {
      for (const producer of producers) producer.stop();
      then?.(reason);
    });
  }

  #failed(message: CallMessage | NotifyMessage, scope: Scope, thrown: unknown): void {
    if (message.kind === 'notify') return this.#notified(message, scope, { thrown });
    this.#sendError(message.id, this.#errorOf(scope, thrown));
    this.#finish(scope);
  }

  #sendError(id: CallId, error: WireError): void {
    try {
      if (this.#channel.state !== 'closed') this.#channel.send({ kind: 'error', id, error });
    } catch {
      this.#send({ kind: 'error', id, error: degraded(error) });
    }
  }

  #errorOf(scope: Scope, thrown: unknown): WireError {
    if (CallRefusal.is(thrown)) return refusalToWire(thrown.error);
    if (isRefused(thrown)) return refusalToWire(thrown);
    const { cancelled } = scope;
    if (cancelled === undefined) return this.toWire(thrown, scope);
    if (thrown === cancelled) return refusalToWire(cancelled);
    // Functions end in many ways when their signal fires.
    const { code, message } = cancelled;
    return refusalToWire(new KindredError(code, message, { data: this.toWire(thrown) }));
  }

  /** What a function threw, or the source of a stream; `scope`: while it answered this call. */
  toWire(thrown: unknown, scope?: Scope): WireError {
    // Of calls in a row, the time that the first of them has is over for all. Where this shows further on first, because
    // the caller's loop was blocked meanwhile, the caller is told what it would have found itself.
    if (scope?.isOutOfTime === true && thrown instanceof KindredError && thrown.code === 'ERR_TIMEOUT')
      return refusalToWire(thrown);
    const { channel, withStack } = this.#options;
    return thrownToWire(thrown, { kindred: channel.kindred, withStack });
  }

  #finish(scope: Scope): void {
    this.#answered();
    scope.release();
  }

  #answered(): void {
    this.#answering--;
    this.#pumpSoon();
  }

  #pumpSoon(): void {
    if (this.#pumpIsDue || this.#parked.size === 0) return;
    this.#pumpIsDue = true;
    queueMicrotask(() => this.pump());
  }

  /** Of a call that never runs: nobody wants what came with it either. */
  #turnAway(id: CallId, borrowed: Borrowing | undefined, error: KindredError): void {
    for (const consumer of borrowed?.consumers ?? []) consumer.cancel();
    borrowed?.claim?.drop();
    this.#refuse(id, error);
  }

  #refuse(id: CallId, error: KindredError): void {
    this.#options.answer({ kind: 'error', id, error: refusalToWire(error) });
  }

  /** For messages that can always be said: only a closed channel can refuse them, and then nobody waits. */
  #send(message: Message): void {
    try {
      this.#options.channel.send(message);
    } catch {
      // Closed meanwhile.
    }
  }

  #tellIdle(): void {
    if (this.load > 0) return;
    for (const resolve of this.#idle.splice(0)) resolve();
  }
}

function isThenable(value: unknown): value is PromiseLike<unknown> {
  return (
    typeof value === 'object' && value !== null && typeof (value as { then?: unknown }).then === 'function'
  );
}

/** Nobody will read it. */
async function cancelSource(source: Source): Promise<void> {
  try {
    await iterate(source).return?.();
  } catch {
    // Nobody is left to hear what the source says about its end.
  }
}
