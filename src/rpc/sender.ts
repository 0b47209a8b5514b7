/**
 * What goes out waits here for its turn: for a place among the calls in flight, for room to write, for the other end's
 * hello. One queue, so that calls and notifications keep their order.
 */
import type { Clock, Timer } from '../base/clock.ts';
import { KindredError } from '../base/errors.ts';
import { Fifo } from '../base/fifo.ts';
import type { Channel, Ticket } from '../channel/channel.ts';
import type { Limits } from '../wire/limits.ts';
import type { Message } from '../wire/message.ts';
import type { Lending, References } from './references.ts';
import { Unstarted } from './unstarted.ts';

/** A call or a notification on its way out. */
export interface Outgoing extends Ticket {
  /** Functions and streams can be lent to it. */
  readonly lends: boolean;
  /** It takes one of the places of `maxCalls` until the other end has done with it. */
  readonly takesPlace: boolean;
  placed: boolean;
  /** It calls a function that the other end has lent. */
  readonly isOfLent?: boolean;
  /** Notifications count upwards. */
  readonly id: number;
  /** Of a notification: the other end is to say when it has started it. */
  isAsked?: boolean;
  /** Where only another Kindred can do what it asks for: the error for when the other end is none. */
  readonly unlessKindred?: KindredError | undefined;
  message(): Message;
  /** The channel has taken it, with what it lends. */
  onSent(lending: Lending | undefined): void;
  /** It could not be sent. */
  fail(error: KindredError): void;
  /** The connection leaves it undone: it goes on elsewhere, or fails. */
  lose(error: KindredError): void;
}

export interface SenderOptions {
  channel: Channel;
  limits: Limits;
  clock: Clock;
  references: References;
}

export class Sender {
  readonly #channel: Channel;
  readonly #limits: Limits;
  readonly #clock: Clock;
  readonly #references: References;
  readonly #waiting = new Fifo<Outgoing>();
  #placed = 0;
  readonly #unstarted = new Unstarted();
  /** So many notifications wait for a hello that they wait for it no longer. */
  #goesOnWithoutHello = false;
  #pumpIsDue = false;
  #emptied: (() => void)[] = [];
  /** The first of the waiting needs what only another Kindred can do: all wait for the other end's hello. */
  #held: Timer | undefined;
  #refd = true;

  constructor({ channel, limits, clock, references }: SenderOptions) {
    this.#channel = channel;
    this.#limits = limits;
    this.#clock = clock;
    this.#references = references;
  }

  get waiting(): number {
    return this.#waiting.size;
  }

  /** Resolves when nothing waits. */
  whenEmpty(): Promise<void> {
    if (this.#waiting.size === 0) return Promise.resolve();
    return new Promise((resolve) => this.#emptied.push(resolve));
  }

  send(outgoing: Outgoing): void {
    if (this.#waiting.size === 0 && this.#mayGo(outgoing)) {
      this.#transmit(outgoing);
      return;
    }
    const { maxWaitingCalls } = this.#limits;
    const waiting = this.#waiting.size;
    if (waiting < maxWaitingCalls) this.#waiting.push(outgoing);
    else
      outgoing.fail(
        new KindredError('ERR_BUSY', `${waiting} calls wait already: maxWaitingCalls (${maxWaitingCalls})`),
      );
  }

  /** Whether a wait for the hello keeps the process alive. One that has begun: the open channel does so by itself. */
  setRef(on: boolean): void {
    this.#refd = on;
    if (!on) this.#held?.unref();
  }

  /** There may be room now: sends what waits, in order. */
  pump(): void {
    this.#pumpIsDue = false;
    // Whoever made all others wait for the hello has given up.
    if (this.#waiting.first?.withdrawn === true) this.#letGo();
    for (let next = this.#waiting.first; next !== undefined; next = this.#waiting.first) {
      if (next.withdrawn !== true && !this.#mayGo(next)) return;
      this.#waiting.shift();
      if (next.withdrawn !== true && !this.#transmit(next)) return;
    }
    for (const resolve of this.#emptied.splice(0)) resolve();
  }

  /** A call has been answered, or given up. */
  leave(outgoing: Outgoing): void {
    if (outgoing.placed) this.#placed--;
    outgoing.placed = false;
    this.#pumpSoon();
  }

  /** A notification has been given up before it left. */
  takeBack(notification: Outgoing): void {
    this.#unstarted.forget(notification.id);
    this.leave(notification);
  }

  #pumpSoon(): void {
    if (this.#waiting.size === 0 || this.#pumpIsDue) return;
    this.#pumpIsDue = true;
    queueMicrotask(() => this.pump());
  }

  /** The other end has started a notification, or is done with it. */
  onAck(id: number, notification: Outgoing | undefined): void {
    this.#unstarted.onStarted(id);
    if (notification === undefined) this.#pumpSoon();
    else this.leave(notification);
  }

  /** The dialect is settled: what waited for it can go, or fail for good. */
  onReady(): void {
    this.#letGo();
    this.pump();
  }

  /** Nothing of those that wait is sent, or of some of them. */
  refuse(error: KindredError, isRefused: (outgoing: Outgoing) => boolean = () => true): void {
    this.#letGo();
    for (const outgoing of this.#waiting.take(isRefused)) outgoing.lose(error);
    this.pump();
  }

  #mayGo(outgoing: Outgoing): boolean {
    const channel = this.#channel;
    if (channel.state === 'choosing' || this.#held !== undefined || channel.full) return false;
    return outgoing.takesPlace ? this.#placed < this.#most : !this.#unstarted.isFull(this.#most);
  }

  /** Calls in flight at most, and as many notifications that are not started. */
  get #most(): number {
    const { maxCalls } = this.#limits;
    return Math.min(maxCalls, this.#channel.remote?.maxCalls ?? maxCalls);
  }

  /** False where the message must wait for the other end's hello, and all behind it. */
  #transmit(outgoing: Outgoing): boolean {
    const channel = this.#channel;
    const references = this.#references;
    if (!channel.kindred && outgoing.unlessKindred !== undefined) {
      const isKnown = channel.state !== 'greeting';
      if (isKnown) outgoing.fail(outgoing.unlessKindred);
      else this.#hold(outgoing, failWith(outgoing.unlessKindred));
      return isKnown;
    }
    const isCounted = !outgoing.takesPlace;
    if (
      isCounted &&
      channel.state === 'greeting' &&
      !this.#goesOnWithoutHello &&
      this.#unstarted.count >= this.#most
    ) {
      this.#hold(outgoing, () => (this.#goesOnWithoutHello = true));
      return false;
    }
    if (channel.kindred) {
      if (isCounted && this.#unstarted.isToAsk(this.#most)) outgoing.isAsked = true;
      outgoing.exportReference = outgoing.lends ? references.lend : references.refuse;
      outgoing.lentStreams = references.lentStreams;
    }
    try {
      channel.send(outgoing.message(), outgoing);
    } catch (thrown) {
      references.forgetLending();
      const error =
        thrown instanceof KindredError
          ? thrown
          : new KindredError('ERR_NOT_ENCODABLE', 'an argument could not be read', { cause: thrown });
      if (error.code === 'ERR_NOT_ENCODABLE' && channel.state === 'greeting')
        this.#hold(outgoing, failWith(error));
      else if (error.code === 'ERR_CLOSED') outgoing.lose(error);
      else outgoing.fail(error);
      return channel.state !== 'greeting' || this.#held === undefined;
    }
    if (outgoing.takesPlace) {
      outgoing.placed = true;
      this.#placed++;
    } else this.#unstarted.onSent(outgoing.id, outgoing.isAsked === true);
    outgoing.onSent(references.takeLending());
    return true;
  }

  /** Waits for the hello, and all behind it; `late` runs where none comes in time. */
  #hold(outgoing: Outgoing, late: (waiting: Fifo<Outgoing>) => void): void {
    this.#waiting.unshift(outgoing);
    this.#held = this.#clock.after(this.#limits.handshakeMs, () => {
      this.#held = undefined;
      late(this.#waiting);
      this.pump();
    });
    if (!this.#refd) this.#held.unref();
  }

  #letGo(): void {
    this.#held?.cancel();
    this.#held = undefined;
  }
}

const failWith =
  (error: KindredError) =>
  (waiting: Fifo<Outgoing>): void =>
    waiting.shift()?.fail(error);
