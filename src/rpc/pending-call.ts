/**
 * One call from here on its way: its ticket on the channel, and the life of what it lends and borrows.
 *
 * ```
 *   pending --answer--> settled --streams ended--> finished
 *      \____ given up: signal, time, other end gone ____/
 * ```
 */
import { KindredError, type Outcome } from '../base/errors.ts';
import type { Message, Meta, Params } from '../wire/message.ts';
import type { Deadline } from './deadlines.ts';
import type { Lending } from './references.ts';
import type { Scope } from './scope.ts';
import type { Outgoing } from './sender.ts';
import type { Consumer, Life, Producer } from './streams.ts';
import type { Retained } from './successor.ts';

/** What a pending call needs of the half that made it. */
export interface CallOwner {
  freeNow(): number;
  /** The call gives up for this reason. */
  abandon(call: PendingCall, error: KindredError): void;
  /** Starts the streams that the call has brought to the other end. */
  startStreams(call: PendingCall, lending: Lending): readonly Producer[];
  /** What it has passed and nobody has taken is not to be taken any more. */
  recall(lending: Lending): void;
  /** Nothing of the call may be used any more. */
  finished(call: PendingCall): void;
  /** The connection leaves it undone: it goes on elsewhere, or fails. */
  lose(call: PendingCall, error: KindredError, outcome: Outcome): void;
}

/** What only some calls have; one object, so that the others stay small. */
interface Extras {
  deadline?: Deadline;
  lending?: Lending;
  /** Streams of the result. */
  consumers: Consumer[];
  /** Streams among the arguments. */
  producers: readonly Producer[];
  /** The stream of a plain JSON-RPC peer, which is opened by its first item. */
  plainStream?: Consumer;
  ties: (() => void)[];
  /** As for `OwnPeer.invoke`. */
  over?: (() => void) | undefined;
}

/** More than the difference of two large numbers can be wrong by: a call has no more time than it was given. */
const roundingMs = 0.001;

export class PendingCall implements Outgoing, Life {
  readonly lends = true;
  readonly takesPlace = true;
  readonly id: number;
  readonly method: string | number;
  readonly transfer: readonly object[] | undefined;
  exportReference: Outgoing['exportReference'];
  lentStreams: Outgoing['lentStreams'];
  sent = false;
  withdrawn = false;
  /** It has one of the places of `maxCalls`. */
  placed = false;
  settled = false;
  /** Forgotten once they are sent. */
  params: Params | undefined;
  meta: Meta | undefined;
  /** Where it may be made again on another connection. */
  retained: Retained | undefined;
  resolve!: (value: unknown) => void;
  reject!: (error: KindredError) => void;
  readonly #owner: CallOwner;
  #holds = 1;
  #extras: Extras | undefined;

  constructor(
    owner: CallOwner,
    id: number,
    method: string | number,
    params: Params,
    transfer: readonly object[] | undefined,
  ) {
    this.#owner = owner;
    this.id = id;
    this.method = method;
    this.params = params;
    this.transfer = transfer;
  }

  /** It calls a function that the other end has lent: part of a call that is accepted already. */
  get isOfLent(): boolean {
    return typeof this.method === 'number';
  }

  /** For errors. */
  get name(): string {
    return typeof this.method === 'string' ? this.method : 'a function argument';
  }

  get plainStream(): Consumer | undefined {
    return this.#extras?.plainStream;
  }

  message(): Message {
    const { id, method, params, deadline } = this;
    const meta = deadline === undefined ? this.meta : { ...this.meta, timeoutMs: this.#leftOf(deadline) };
    return { kind: 'call', id, method, params: params as Params, meta };
  }

  /** Whole milliseconds. The receiver counts from when it reads them: what the call has waited here is gone already. */
  #leftOf({ due }: Deadline): number {
    return Math.max(0, Math.ceil(due - this.#owner.freeNow() - roundingMs));
  }

  onSent(lending: Lending | undefined): void {
    this.params = undefined;
    if (lending === undefined) return;
    const extras = this.#more();
    extras.lending = lending;
    extras.producers = this.#owner.startStreams(this, lending);
  }

  /** The functions that it has lent. */
  get lentFunctions(): readonly number[] {
    return this.#extras?.lending?.functions ?? [];
  }

  /** What it lends can be lent again: it was not sent, and nothing of that is a stream or a handle. */
  get canLendAgain(): boolean {
    const lending = this.#extras?.lending;
    return (
      lending === undefined || (!this.sent && lending.streams.length === 0 && lending.handles === undefined)
    );
  }

  get deadline(): Deadline | undefined {
    return this.#extras?.deadline;
  }

  set deadline(deadline: Deadline) {
    this.#more().deadline = deadline;
  }

  /** Told once, when nothing of the call is left at the other end. */
  set over(over: () => void) {
    this.#more().over = over;
  }

  /** Who is told that the call is over is told by whoever takes it. */
  takeOver(): (() => void) | undefined {
    const over = this.#extras?.over;
    if (over !== undefined) this.#more().over = undefined;
    return over;
  }

  addConsumers(consumers: readonly Consumer[]): void {
    if (consumers.length > 0) this.#more().consumers.push(...consumers);
  }

  /** The reply is open from the first item of a plain peer's stream on; what comes as its result only ends the stream. */
  openPlainStream(stream: Consumer): void {
    this.#more().plainStream = stream;
    this.#more().consumers.push(stream);
    this.resolve(stream);
  }

  succeed(value: unknown): void {
    if (this.settled) return;
    this.#settle();
    this.resolve(value);
    this.release();
  }

  fail(error: KindredError, outcome: Outcome = 'not-sent'): void {
    if (this.settled) return;
    this.#settle();
    this.reject(error.outcome === outcome ? error : error.withOutcome(outcome));
    this.release();
  }

  lose(error: KindredError): void {
    this.#owner.lose(this, error, this.sent ? 'unknown' : 'not-sent');
  }

  /** It goes on elsewhere: nothing of it is left here. */
  handOver(): void {
    this.#settle();
    this.release();
  }

  /** Whoever hears of it finds the handles that it has passed either here or there. */
  #settle(): void {
    this.settled = true;
    const lending = this.#extras?.lending;
    if (lending?.handles !== undefined) this.#owner.recall(lending);
  }

  /** Ends the streams of a call that has been given up. */
  endStreams(error: KindredError): void {
    for (const consumer of this.#extras?.consumers ?? []) consumer.end(error);
    for (const producer of this.#extras?.producers ?? []) producer.stop();
  }

  hold(): void {
    this.#holds++;
  }

  release(): void {
    if (--this.#holds > 0) return;
    if (this.#extras === undefined) return;
    for (const untie of this.#extras.ties) untie();
    this.#owner.finished(this);
  }

  /** Gives up when the signal of its caller fires. */
  listenTo(signal: AbortSignal): void {
    const fired = (): void => this.#owner.abandon(this, cancelledBy(signal, this.name));
    signal.addEventListener('abort', fired, { once: true });
    this.#more().ties.push(() => signal.removeEventListener('abort', fired));
  }

  /** Gives up when the call from which it was made does. */
  follow(scope: Scope): void {
    this.#more().ties.push(scope.onCancel((reason) => this.#owner.abandon(this, reason)));
  }

  #more(): Extras {
    this.#extras ??= { consumers: [], producers: [], ties: [] };
    return this.#extras;
  }
}

export function cancelledBy(signal: AbortSignal, method: string): KindredError {
  return new KindredError('ERR_CANCELLED', `${method} was cancelled by its caller`, { cause: signal.reason });
}
