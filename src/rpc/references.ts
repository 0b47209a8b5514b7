/**
 * What travels by reference on one peer: functions that are lent, and streams, which belong to the life of a call; and
 * handles, which change hands for good.
 */
import { KindredError } from '../base/errors.ts';
import type { HandlePort } from '../channel/handle-port.ts';
import type { CallId, Message, Reference, WireError } from '../wire/message.ts';
import { CallTable } from './call-table.ts';
import { Claim } from './claim.ts';
import { createStandIn, Ledger, type Lendable, type Loan } from './loans.ts';
import type { Scope } from './scope.ts';
import { Consumer, isSource, type Life, Producer, type Source, type StreamPort } from './streams.ts';
import { degraded, fromWire } from './wire-errors.ts';

/** What one message lends; it takes effect only when the message could be sent. */
export interface Lending {
  readonly functions: number[];
  readonly streams: { id: number; source: Source }[];
  /** Those that are passed with it. */
  handles?: number[];
}

/** What one message has brought. */
export interface Borrowing {
  readonly loans: Loan[];
  readonly consumers: Consumer[];
  /** Its handles. */
  claim?: Claim;
}

export interface ReferencesOptions {
  port: StreamPort;
  handles: HandlePort;
  /** Streams that the other end may have open towards this one. */
  maxStreams: number;
  /** Streams that may be open from here: what the other end takes. */
  mostProduced(): number;
  /** Calls a function that the other end has lent. */
  callLent(id: number, args: unknown[]): Promise<unknown>;
  /** What a source threw, in the words that the other end understands. */
  toWire(thrown: unknown, life: Life): WireError;
}

export class References {
  readonly ledger: Ledger = new Ledger();
  readonly #options: ReferencesOptions;
  readonly #producers = new CallTable<Producer>();
  readonly #consumers = new CallTable<Consumer>();
  /** What sources that were told to stop still do. */
  #ending: Set<Promise<unknown>> | undefined;
  #lastStream = 0;
  #lending: Lending | undefined;
  #borrowed: Borrowing | undefined;

  constructor(options: ReferencesOptions) {
    this.#options = options;
  }

  get streams(): number {
    return this.#producers.size + this.#consumers.size;
  }

  /** For the encoder of a call: functions and streams can be lent to it, until it ends; handles passed with it. */
  readonly lend = (value: object): Reference | undefined => {
    if (typeof value !== 'function') return this.#pass(value, 'keep') ?? this.#lendStream(value);
    const id = this.ledger.lend(value as Lendable);
    this.#lendingNow().functions.push(id);
    return { kind: 'function', id };
  };

  /** For the encoder of a result: no functions, because a result has no end of its own. */
  readonly lendResult = (value: object): Reference | undefined =>
    this.#pass(value, 'close') ?? this.#lendStream(value);

  /** For the encoder of a notification: it has no end, so nothing can be lent to it, and no answer that says who has it. */
  readonly refuse = (value: object): undefined => {
    if (this.#options.handles.isHandle(value))
      throw new KindredError(
        'ERR_NOT_ENCODABLE',
        'an open socket or server is among the arguments of a notification: pass it with a call, whose answer says that it has arrived',
      );
  };

  #pass(value: object, back: 'keep' | 'close'): Reference | undefined {
    const id = this.#options.handles.give(value, back);
    if (id === undefined) return undefined;
    const lending = this.#lendingNow();
    lending.handles ??= [];
    lending.handles.push(id);
    return { kind: 'handle', id };
  }

  #lendStream(value: object): Reference | undefined {
    if (!isSource(value)) return undefined;
    const { streams } = this.#lendingNow();
    const open = this.#producers.size + streams.length;
    const most = this.#options.mostProduced();
    // Where the other end says no number, none fits.
    if (!(open < most)) throw tooMany(open + 1, most);
    const id = ++this.#lastStream;
    streams.push({ id, source: value });
    return { kind: 'stream', id };
  }

  /** Of the message that was just encoded; undefined where it lends nothing. */
  readonly lentStreams = (): readonly number[] | undefined => this.#lending?.streams.map(({ id }) => id);

  /** What the message that was just encoded lends; undefined where it is nothing. */
  takeLending(): Lending | undefined {
    const lending = this.#lending;
    this.#lending = undefined;
    return lending;
  }

  /** The message was not sent after all: what it would have lent stays here. Gives back the streams. */
  forgetLending(): Lending['streams'] {
    const lending = this.takeLending();
    if (lending === undefined) return [];
    this.ledger.end(lending.functions);
    this.recall(lending);
    return lending.streams;
  }

  /** The call that they were passed with is settled: what the other end has not taken by now is ours again. */
  recall({ handles }: Lending): void {
    if (handles !== undefined) this.#options.handles.recall(handles);
  }

  /** For a decoder: makes the stand-ins, and keeps them together until the message itself is there. */
  import(reference: Reference): unknown {
    this.#borrowed ??= { loans: [], consumers: [] };
    if (reference.kind === 'function') {
      const loan: Loan = { over: false };
      this.#borrowed.loans.push(loan);
      return createStandIn(reference.id, loan, this.#options.callLent);
    }
    if (reference.kind === 'stream') {
      const { consumers } = this.#borrowed;
      const { maxStreams } = this.#options;
      // An honest end knows that no message can bring so many.
      if (consumers.length >= maxStreams) throw tooMany(consumers.length + 1, maxStreams);
      const consumer = this.consume(reference.id, true, () =>
        this.#options.port.tell({ kind: 'stop', stream: reference.id }),
      );
      consumers.push(consumer);
      return consumer;
    }
    this.#borrowed.claim ??= new Claim(this.#options.handles);
    return this.#borrowed.claim.add(reference.id);
  }

  /** Of a message that cannot bring any: nobody would ever end what it lends. */
  refuseBorrowed(kind: Message['kind']): void {
    const borrowed = this.takeBorrowed();
    if (borrowed === undefined) return;
    for (const consumer of borrowed.consumers) consumer.cancel();
    borrowed.claim?.drop();
    throw new KindredError(
      'ERR_PROTOCOL',
      `a message (${kind}) has brought a reference: only calls and results may`,
    );
  }

  takeBorrowed(): Borrowing | undefined {
    const borrowed = this.#borrowed;
    this.#borrowed = undefined;
    return borrowed;
  }

  /** A consumer for the stream of that number, told of what arrives for it. One too many is turned away at once. */
  consume(id: CallId, credit: boolean, stop: () => void, life?: Life, taken?: () => void): Consumer {
    if (this.#consumers.get(id) !== undefined)
      throw new KindredError('ERR_PROTOCOL', `stream ${String(id)} was opened twice`);
    life?.hold();
    const consumer = new Consumer({
      id,
      port: this.#options.port,
      credit,
      stop,
      taken,
      over: () => {
        this.#consumers.delete(id);
        consumer.life?.release();
        life?.release();
      },
    });
    const { maxStreams } = this.#options;
    this.#consumers.add(consumer);
    if (this.#consumers.size > maxStreams) consumer.abort(tooMany(this.#consumers.size, maxStreams));
    return consumer;
  }

  /** Binds what a message has brought to the life of its call. */
  bind(borrowed: Borrowing | undefined, life: Life): void {
    for (const consumer of borrowed?.consumers ?? []) {
      if (consumer.isOver) continue;
      life.hold();
      consumer.life = life;
    }
  }

  /** What a call has brought goes with it: its streams are stopped when it is over, and fail when it is cancelled. */
  endWith(borrowed: Borrowing, scope: Scope): void {
    scope.onOver(() => {
      for (const loan of borrowed.loans) loan.over = true;
      for (const consumer of borrowed.consumers) consumer.cancel();
    });
    scope.onCancel((reason) => {
      for (const consumer of borrowed.consumers) consumer.abort(reason);
    });
  }

  /** Starts the streams that a sent message has lent. `unwanted` hears which of them the other end turned away from. */
  start(
    lending: Lending,
    life: Life,
    run: <T>(work: () => T) => T,
    unwanted?: (source: Source) => void,
  ): Producer[] {
    return lending.streams.map(({ id, source }) => {
      const finish = (failure: WireError | undefined): void => {
        const { port } = this.#options;
        if (failure === undefined) return void port.send({ kind: 'end', stream: id });
        try {
          port.send({ kind: 'fail', stream: id, error: failure });
        } catch {
          port.send({ kind: 'fail', stream: id, error: degraded(failure) });
        }
      };
      return this.produce(id, source, true, life, run, finish, () => unwanted?.(source));
    });
  }

  produce(
    id: CallId,
    source: Source,
    credit: boolean,
    life: Life,
    run: <T>(work: () => T) => T,
    finish: (failure: WireError | undefined) => void,
    unwanted?: () => void,
  ): Producer {
    life.hold();
    const producer = new Producer({
      id,
      source,
      port: this.#options.port,
      credit,
      run,
      unwanted,
      finish: (failure) => {
        try {
          finish(failure === undefined ? undefined : this.#options.toWire(failure.thrown, life));
        } catch {
          // The channel is closed: the other end has settled the stream by itself.
        }
      },
      over: () => {
        this.#producers.delete(id);
        life.release();
      },
      ending: (end) => {
        this.#ending ??= new Set();
        const endings = this.#ending.add(end);
        void end.then(() => endings.delete(end));
      },
    });
    this.#producers.add(producer);
    void producer.pump();
    return producer;
  }

  /** True where the message was about a stream. */
  onMessage(message: Message, bytes: number): boolean {
    switch (message.kind) {
      case 'item':
        this.#consumers.get(message.stream)?.push(message.seq, message.value, bytes);
        return true;
      case 'end':
        this.#consumers.get(message.stream)?.end();
        return true;
      case 'fail':
        this.#consumers.get(message.stream)?.end(fromWire(message.error));
        return true;
      case 'credit':
        this.#producers.get(message.stream)?.grant(message.items, message.bytes);
        return true;
      case 'stop':
        this.#producers.get(message.stream)?.refuse();
        return true;
      default:
        return false;
    }
  }

  /** The other end will send no more: nobody knows what became of the rest of its streams. */
  failConsumers(error: KindredError): void {
    const told = error.withOutcome('unknown');
    for (const consumer of this.#consumers.values()) consumer.end(told);
  }

  /** Resolves when all sources that were told to stop have come to their end. */
  async whenEnded(): Promise<void> {
    while (this.#ending !== undefined && this.#ending.size > 0) await Promise.all(this.#ending);
  }

  close(error: KindredError): void {
    this.failConsumers(error);
    for (const producer of this.#producers.values()) producer.stop();
    this.ledger.clear();
    this.#options.handles.close();
  }

  #lendingNow(): Lending {
    this.#lending ??= { functions: [], streams: [] };
    return this.#lending;
  }
}

function tooMany(open: number, most: number): KindredError {
  return new KindredError('ERR_LIMIT', `${open} open streams are above maxStreams (${most})`);
}
