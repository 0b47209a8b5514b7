/**
 * Streams: many items of one call, with credit given on consumption.
 *
 * ```
 *   producer   flowing --source ended--> end      --source threw--> fail      --stop from the consumer--> returned
 *   consumer   open ----end/fail, after the items before it----> over         --break, return--> stop is sent
 * ```
 * The first window is known to both ends. The consumer gives back what it has taken, at half a window at a time, and
 * doubles the window where it had to wait for an item in the meantime: a long line needs a large one.
 */
import { KindredError } from '../base/errors.ts';
import { createMailbox } from '../base/mailbox.ts';
import type { CallId, Message } from '../wire/message.ts';

/** The window that a stream starts with: items and bytes that may be under way without any credit. */
export const firstWindow = { items: 64, bytes: 262_144 } as const;
const largestWindow = { items: 4096, bytes: 8 * 1024 * 1024 } as const;

/** What a producer and a consumer need of their peer. */
export interface StreamPort {
  /** Sends now; returns the bytes of the message. Throws `KindredError` where it cannot be said. */
  send(message: Message): number;
  /** The same for what a consumer says, which may come too late: where the channel is closed, nothing is left to say. */
  tell(message: Message): void;
  /** Resolves when there is room to send; at once where there is. Undefined where there is room now. */
  room(): Promise<void> | undefined;
}

/** Something that lasts until all that was counted by `hold` is released. */
export interface Life {
  hold(): void;
  release(): void;
}

export type Source = AsyncIterable<unknown> | ReadableStream<unknown>;

export function isSource(value: unknown): value is Source {
  if (typeof value !== 'object' || value === null) return false;
  return (
    typeof (value as { [Symbol.asyncIterator]?: unknown })[Symbol.asyncIterator] === 'function' ||
    isWebStream(value)
  );
}

function isWebStream(value: object): value is ReadableStream<unknown> {
  return typeof ReadableStream === 'function' && value instanceof ReadableStream;
}

/** Not every runtime lets a web stream be iterated. */
export function iterate(source: Source): AsyncIterator<unknown> {
  if (Symbol.asyncIterator in source) return source[Symbol.asyncIterator]();
  const reader = (source as ReadableStream<unknown>).getReader();
  return {
    next: () => reader.read() as Promise<IteratorResult<unknown>>,
    async return() {
      await reader.cancel();
      return { done: true, value: undefined };
    },
  };
}

export interface ProducerOptions {
  id: CallId;
  source: Source;
  port: StreamPort;
  /** False towards a plain JSON-RPC peer, which knows no credit: there only the transport slows the producer. */
  credit: boolean;
  /** Runs a step of the source in the context of its call. */
  run<T>(work: () => T): T;
  /** The consumer has said that it wants no more; the source is stopped right after. */
  unwanted?: (() => void) | undefined;
  /** Says how the stream ended, in the words of the peer: `end`, `fail`, or the reply of a call. */
  finish(failure: { thrown: unknown } | undefined): void;
  /** The stream is over, in whichever way. Once. */
  over(): void;
  /** The source was told to stop, and does what it does at its end: its `finally`, say. */
  ending(end: Promise<unknown>): void;
}

export class Producer {
  readonly id: CallId;
  readonly #options: ProducerOptions;
  #iterator: AsyncIterator<unknown> | undefined;
  #items: number = firstWindow.items;
  #bytes: number = firstWindow.bytes;
  #wake: (() => void) | undefined;
  #stopped = false;
  #over = false;

  constructor(options: ProducerOptions) {
    this.id = options.id;
    this.#options = options;
  }

  grant(items: number, bytes: number): void {
    this.#items += items;
    this.#bytes += bytes;
    this.#wake?.();
  }

  /** The consumer says that it wants no more. */
  refuse(): void {
    if (!this.#over) this.#options.unwanted?.();
    this.stop();
  }

  /** The consumer wants no more, or is gone: the source's `finally` runs. */
  stop(): void {
    if (this.#stopped) return;
    this.#stopped = true;
    this.#wake?.();
    this.#settle();
    this.#returnSource();
  }

  /** Runs in the context of its call from the start, so that no step has to enter it: that would cost as much as the item. */
  pump(): Promise<void> {
    return this.#options.run(() => this.#pump());
  }

  async #pump(): Promise<void> {
    const { id, source, port, finish } = this.#options;
    try {
      // A source may refuse even that: a web stream that is locked, for one.
      const iterator = iterate(source);
      this.#iterator = iterator;
      for (let seq = 0; !this.#stopped; seq++) {
        for (let room = this.#room(); room !== undefined; room = this.#room()) {
          await room;
          if (this.#stopped) return;
        }
        const step = await iterator.next();
        if (this.#stopped) return;
        if (step.done === true) {
          finish(undefined);
          this.#settle();
          return;
        }
        this.#items--;
        this.#bytes -= this.#send({ kind: 'item', stream: id, seq, value: step.value }, port);
      }
    } catch (thrown) {
      if (this.#stopped) return;
      this.#stopped = true;
      finish({ thrown });
      this.#settle();
    }
  }

  /** An item that cannot be sent fails the stream and ends its source. */
  #send(message: Message, port: StreamPort): number {
    try {
      return port.send(message);
    } catch (error) {
      this.#returnSource();
      throw error;
    }
  }

  /** Resolves when it is worth asking again; undefined where an item may be sent now. */
  #room(): Promise<void> | undefined {
    const { port, credit } = this.#options;
    if (!credit || (this.#items > 0 && this.#bytes > 0)) return port.room();
    return new Promise((resolve) => {
      this.#wake = resolve;
    });
  }

  #returnSource(): void {
    const { run, ending } = this.#options;
    // The consumer has turned away: nobody is left to hear what the source says about its end.
    ending(run(async () => this.#iterator?.return?.()).catch(() => {}));
  }

  #settle(): void {
    if (this.#over) return;
    this.#over = true;
    this.#options.over();
  }
}

/** The stand-in for a stream of the other end. It can be iterated once. */
export interface RemoteStream<T> extends AsyncIterable<T> {
  [Symbol.asyncIterator](): AsyncIterator<T, undefined>;
  /** Tells the producer that no more is wanted; its `finally` runs. */
  cancel(): void;
}

export interface ConsumerOptions {
  id: CallId;
  port: StreamPort;
  /** False where the producer is a plain JSON-RPC peer. */
  credit: boolean;
  /** Tells the producer to stop. */
  stop(): void;
  /** The producer has ended, or was told to. Once. */
  over(): void;
  /** Whoever iterates has taken an item. */
  taken?: (() => void) | undefined;
}

export class Consumer implements RemoteStream<unknown> {
  /** Bytes of the items that nobody has taken yet. */
  bufferedBytes = 0;
  readonly id: CallId;
  /** The call that it belongs to. */
  life: Life | undefined;
  readonly #options: ConsumerOptions;
  readonly #box = createMailbox<unknown, number>((bytes) => this.#onTaken(bytes));
  #window: { items: number; bytes: number } = { ...firstWindow };
  /** What the producer may still send. */
  #roomItems: number = firstWindow.items;
  #roomBytes: number = firstWindow.bytes;
  #takenItems = 0;
  #takenBytes = 0;
  #starved = false;
  #iterated = false;
  #over = false;
  #nextSeq = 0;

  constructor(options: ConsumerOptions) {
    this.id = options.id;
    this.#options = options;
  }

  get isOver(): boolean {
    return this.#over;
  }

  push(seq: number, value: unknown, bytes: number): void {
    if (this.#over) return;
    if (seq !== this.#nextSeq++)
      throw new KindredError(
        'ERR_PROTOCOL',
        `item ${seq} of a stream came where ${this.#nextSeq - 1} was due`,
      );
    if (this.#options.credit && (this.#roomItems <= 0 || this.#roomBytes <= 0))
      throw new KindredError(
        'ERR_PROTOCOL',
        `item ${seq} of a stream came without credit: ${this.#box.size} items wait already`,
      );
    this.#roomItems--;
    this.#roomBytes -= bytes;
    this.bufferedBytes += bytes;
    this.#box.push(value, bytes);
  }

  /** The producer has ended. What arrived before is still taken. */
  end(failure?: KindredError): void {
    this.#box.end(failure === undefined ? undefined : { error: failure });
    this.#settle();
  }

  cancel(): void {
    this.abort();
    this.#box.clear();
    this.bufferedBytes = 0;
  }

  /** Tells the producer to stop; whoever iterates gets the error after what arrived before. */
  abort(error?: KindredError): void {
    if (this.#over) return;
    this.#options.stop();
    this.end(error);
  }

  [Symbol.asyncIterator](): AsyncIterator<unknown, undefined> {
    if (this.#iterated)
      throw new KindredError(
        'ERR_BAD_ARGUMENT',
        'a stream can be iterated only once: collect its items to use them again',
      );
    this.#iterated = true;
    return {
      next: () => {
        if (this.#box.size === 0) this.#starved = true;
        return this.#box.take();
      },
      return: async () => {
        this.cancel();
        return { done: true, value: undefined };
      },
    };
  }

  #onTaken(bytes: number): void {
    this.bufferedBytes -= bytes;
    this.#options.taken?.();
    if (!this.#options.credit || this.#over) return;
    this.#takenItems++;
    this.#takenBytes += bytes;
    if (this.#takenItems * 2 >= this.#window.items || this.#takenBytes * 2 >= this.#window.bytes)
      this.#give();
  }

  #give(): void {
    let items = this.#takenItems;
    let bytes = this.#takenBytes;
    if (this.#starved) {
      const more = {
        items: grown(this.#window.items, largestWindow.items),
        bytes: grown(this.#window.bytes, largestWindow.bytes),
      };
      items += more.items - this.#window.items;
      bytes += more.bytes - this.#window.bytes;
      this.#window = more;
    }
    this.#starved = false;
    this.#takenItems = 0;
    this.#takenBytes = 0;
    this.#roomItems += items;
    this.#roomBytes += bytes;
    this.#options.port.tell({ kind: 'credit', stream: this.#options.id, items, bytes });
  }

  #settle(): void {
    if (this.#over) return;
    this.#over = true;
    this.#options.over();
  }
}

const grown = (now: number, most: number): number => Math.min(most, now * 2);
