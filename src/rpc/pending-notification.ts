/** One notification on its way: settles when it is written, or when the other end says what was asked. */
import { KindredError } from '../base/errors.ts';
import { type Channel, errorOf } from '../channel/channel.ts';
import type { AckLevel, Message, Params } from '../wire/message.ts';
import type { JoinedOptions } from './call-options.ts';
import type { Delivery } from './peer.ts';
import type { Outgoing } from './sender.ts';
import type { Retained, Successor } from './successor.ts';

export class PendingNotification implements Outgoing {
  readonly lends = false;
  readonly id: number;
  /** The other end is to say when it has started it. */
  isAsked: boolean;
  readonly transfer: readonly object[] | undefined;
  exportReference: Outgoing['exportReference'];
  lentStreams: Outgoing['lentStreams'];
  placed = false;
  sent = false;
  withdrawn = false;
  readonly #channel: Channel;
  readonly #method: string;
  readonly #options: JoinedOptions;
  readonly #level: Delivery;
  #params: Params | undefined;
  #settled = false;
  #failure: KindredError | undefined;
  #elsewhere: Promise<void> | undefined;
  #ties: (() => void)[] | undefined;
  /** Made where somebody asks before it is on its way. */
  #resolve: (() => void) | undefined;
  #reject: ((error: KindredError) => void) | undefined;
  #heir: { successor: Successor; retained: Retained } | undefined;

  constructor(
    channel: Channel,
    method: string,
    params: Params,
    options: JoinedOptions,
    { id, level }: { id: number; level: Delivery },
  ) {
    this.#channel = channel;
    this.#method = method;
    this.#params = params;
    this.#options = options;
    this.id = id;
    this.#level = level;
    this.isAsked = level === 'received';
    this.transfer = options.transfer;
  }

  /** To be asked for once. Most have left by then, and need no more than what the channel says of its writes. */
  get done(): Promise<void> {
    if (this.#failure !== undefined) return Promise.reject(this.#failure);
    if (this.#elsewhere !== undefined) return this.#elsewhere;
    if (this.#params === undefined && this.#level === 'written' && this.#ties === undefined)
      return this.#whenWritten();
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    this.#resolve = resolve;
    this.#reject = reject;
    if (this.#settled) this.#resolve();
    return promise;
  }

  /** It may be made again on another connection. */
  retain(successor: Successor, retained: Retained): void {
    this.#heir = { successor, retained };
  }

  /** On the watch's free time. */
  set due(due: number) {
    if (this.#heir !== undefined) this.#heir.retained.due = due;
  }

  /** Calls `untie` once it is settled, in whichever way. */
  tie(untie: () => void): void {
    this.#ties ??= [];
    this.#ties.push(untie);
  }

  get unlessKindred(): KindredError | undefined {
    return this.#level === 'written'
      ? undefined
      : new KindredError(
          'ERR_NOT_SUPPORTED',
          `${this.#method}: only another Kindred says that a notification was ${this.#level}`,
        );
  }

  /** What is to be handled counts as a call does. */
  get takesPlace(): boolean {
    return this.#level === 'handled';
  }

  message(): Message {
    return {
      kind: 'notify',
      method: this.#method,
      params: this.#params as Params,
      meta: this.#options.meta,
      ack: this.#ack(),
    };
  }

  onSent(): void {
    this.#params = undefined;
    if (this.#level === 'written' && (this.#resolve !== undefined || this.#ties !== undefined))
      this.#whenWritten().then(
        () => this.#succeed(),
        (error: KindredError) => this.fail(error),
      );
  }

  #whenWritten(): Promise<void> {
    return this.#channel.flushed().then((written) => {
      if (this.sent && written) return undefined;
      return this.#channel.closed.then((reason) => {
        const elsewhere = this.#handOn();
        if (elsewhere === undefined) throw this.#outcomeOf(errorOf(reason));
        return elsewhere;
      });
    });
  }

  onAck(): void {
    this.#succeed();
  }

  #ack(): { id: number; level: AckLevel } | undefined {
    const { id } = this;
    if (this.#level === 'handled') return { id, level: 'handled' };
    return this.isAsked ? { id, level: 'received' } : undefined;
  }

  fail(error: KindredError): void {
    if (this.#settled) return;
    if (!this.sent) this.withdrawn = true;
    this.#settle();
    this.#failure = this.#outcomeOf(error);
    this.#reject?.(this.#failure);
  }

  lose(error: KindredError): void {
    if (this.#settled) return;
    const elsewhere = this.#handOn();
    if (elsewhere === undefined) return this.fail(error);
    this.#settle();
    this.#elsewhere = elsewhere;
    if (this.#resolve !== undefined && this.#reject !== undefined)
      elsewhere.then(this.#resolve, this.#reject);
  }

  /** Whoever comes after this connection makes it again, where it was not sent. */
  #handOn(): Promise<void> | undefined {
    if (this.#heir === undefined || this.sent) return undefined;
    const { successor, retained } = this.#heir;
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const settle = { resolve: () => resolve(), reject };
    if (
      !successor.take({
        ...retained,
        kind: 'notification',
        method: this.#method,
        mayHaveRun: false,
        ...settle,
      })
    )
      return undefined;
    this.withdrawn = true;
    return promise;
  }

  #outcomeOf(error: KindredError): KindredError {
    return error.withOutcome(this.sent ? 'unknown' : 'not-sent');
  }

  #succeed(): void {
    this.#settle();
    this.#resolve?.();
  }

  #settle(): void {
    this.#settled = true;
    for (const untie of this.#ties ?? []) untie();
    this.#ties = undefined;
  }
}
