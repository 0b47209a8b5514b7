/** One notification on its way: settles when it is written, or when the other end says what was asked. */
import { KindredError } from '../base/errors.ts';
import { type Channel, errorOf } from '../channel/channel.ts';
import type { AckLevel, Message, Params } from '../wire/message.ts';
import type { Delivery, JoinedOptions } from './call-options.ts';
import type { Outgoing } from './sender.ts';

export class PendingNotification implements Outgoing {
  readonly lends = false;
  readonly id: number;
  /** The other end is to say when it has started it. */
  isAsked: boolean;
  readonly done: Promise<void>;
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
  #ties: (() => void)[] | undefined;
  #resolve!: () => void;
  #reject!: (error: KindredError) => void;

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
    this.done = new Promise((resolve, reject) => {
      this.#resolve = resolve;
      this.#reject = reject;
    });
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
    if (this.#level === 'written')
      void this.#channel.flushed().then((written) => {
        if (this.sent && written) this.#succeed();
        else void this.#channel.closed.then((reason) => this.fail(errorOf(reason)));
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
    this.#reject(error.withOutcome(this.sent ? 'unknown' : 'not-sent'));
  }

  #succeed(): void {
    this.#settle();
    this.#resolve();
  }

  #settle(): void {
    this.#settled = true;
    for (const untie of this.#ties ?? []) untie();
    this.#ties = undefined;
  }
}
