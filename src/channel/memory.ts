/**
 * Two ends of a transport within one process: for composition in place, and for the tests of all that stands above.
 *
 * Values are cloned on the way, so that nothing is shared by accident; a delay stages a slow line. What was sent
 * before a close arrives before it, as with a socket.
 */
import { type Clock, systemClock } from '../base/clock.ts';
import { Fifo } from '../base/fifo.ts';
import type { Chunk } from '../wire/dialect.ts';
import type { HandlePort } from './handle-port.ts';
import type { ByteReceiver, ByteTransport, ValueReceiver, ValueTransport } from './transport.ts';

export interface MemoryOptions {
  /** How long everything takes to arrive, in milliseconds. Default 0: in a later turn, but without a timer. */
  delayMs?: number;
  clock?: Clock;
  /** For errors and logs. Default `memory`. */
  name?: string;
}

/**
 * A pair of value transports: what one end posts, the other receives as a clone. `onClosed`: the second one is closed.
 * `handles`: what passes open sockets and servers between the two.
 */
export function createMemoryPair(
  options: MemoryOptions & { onClosed?: () => void; handles?: readonly [HandlePort, HandlePort] } = {},
): [ValueTransport, ValueTransport] {
  const { handles } = options;
  const there = createLane(options);
  const back = createLane(options);
  const left = new ValueEnd(options.name ?? 'memory', there, back);
  const right = new ValueEnd(options.name ?? 'memory', back, there, options.onClosed);
  left.other = right;
  right.other = left;
  if (handles !== undefined) [left.handles, right.handles] = handles;
  return [left, right];
}

/** A pair of byte transports; `cutAt` stages how a network cuts what is sent, in bytes per chunk. */
export function createMemoryBytePair(
  options: MemoryOptions & { cutAt?: number } = {},
): [ByteTransport, ByteTransport] {
  const there = createLane(options);
  const back = createLane(options);
  const left = new ByteEnd(options, there, back);
  const right = new ByteEnd(options, back, there);
  left.other = right;
  right.other = left;
  return [left, right];
}

/** One direction: runs what is put in, in order, in a later turn, as long as the receiving side is open. */
interface Lane {
  put(run: () => void): void;
  open(): void;
  shut(): void;
}

function createLane({ delayMs = 0, clock = systemClock }: MemoryOptions): Lane {
  const arrived = new Fifo<() => void>();
  let isOpen = false;
  const deliver = (): void => {
    while (isOpen && arrived.size > 0) arrived.shift()?.();
  };
  return {
    put(run) {
      const arrive = (): void => {
        arrived.push(run);
        deliver();
      };
      if (delayMs > 0) clock.after(delayMs, arrive);
      else queueMicrotask(arrive);
    },
    open() {
      isOpen = true;
      queueMicrotask(deliver);
    },
    shut() {
      isOpen = false;
    },
  };
}

class ValueEnd implements ValueTransport {
  readonly form = 'values';
  readonly clone = 'structured';
  readonly transfer = true;
  readonly name: string;
  handles?: HandlePort;
  other!: ValueEnd;
  #receiver: ValueReceiver | undefined;
  #closed = false;
  readonly #onClosed: (() => void) | undefined;
  readonly #out: Lane;
  readonly #in: Lane;

  constructor(name: string, out: Lane, incoming: Lane, onClosed?: () => void) {
    this.name = name;
    this.#onClosed = onClosed;
    this.#out = out;
    this.#in = incoming;
  }

  start(receiver: ValueReceiver): void {
    this.#receiver = receiver;
    this.#in.open();
  }

  post(value: unknown, transfer: readonly object[] = []): boolean {
    const clone: unknown = structuredClone(value, { transfer: [...transfer] as ArrayBuffer[] });
    if (!this.#closed) this.#out.put(() => this.other.#closed || this.other.#receiver?.value(clone));
    return true;
  }

  flushed(): Promise<boolean> {
    return Promise.resolve(!this.#closed);
  }

  end(): void {
    this.destroy();
  }

  destroy(): void {
    if (this.#closed) return;
    this.#out.put(() => this.other.#close());
    queueMicrotask(() => this.#close());
  }

  ref(): void {}
  unref(): void {}

  #close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#onClosed?.();
    this.#receiver?.close();
  }
}

class ByteEnd implements ByteTransport {
  readonly form = 'bytes';
  readonly name: string;
  other!: ByteEnd;
  #receiver: ByteReceiver | undefined;
  #wroteEnd = false;
  #readEnd = false;
  #closed = false;
  readonly #cutAt: number;
  readonly #out: Lane;
  readonly #in: Lane;

  constructor(options: MemoryOptions & { cutAt?: number }, out: Lane, incoming: Lane) {
    this.name = options.name ?? 'memory';
    this.#cutAt = options.cutAt ?? Number.POSITIVE_INFINITY;
    this.#out = out;
    this.#in = incoming;
  }

  start(receiver: ByteReceiver): void {
    this.#receiver = receiver;
    this.#in.open();
  }

  write(chunks: readonly Chunk[]): boolean {
    if (this.#wroteEnd || this.#closed) return true;
    if (this.other.#closed) {
      queueMicrotask(() => this.#close(new Error('nobody reads any more')));
      return true;
    }
    for (const chunk of chunks) {
      const bytes = typeof chunk === 'string' ? new TextEncoder().encode(chunk) : chunk.slice();
      for (let at = 0; at < bytes.length; at += this.#cutAt) {
        const part = bytes.subarray(at, at + this.#cutAt);
        this.#out.put(() => this.other.#closed || this.other.#receiver?.data(part));
      }
    }
    return true;
  }

  flushed(): Promise<boolean> {
    return Promise.resolve(!this.#closed);
  }

  pause(): void {
    this.#in.shut();
  }

  resume(): void {
    if (this.#receiver !== undefined) this.#in.open();
  }

  end(): void {
    if (this.#wroteEnd || this.#closed) return;
    this.#wroteEnd = true;
    this.#out.put(() => this.other.#onEnd());
    if (this.#readEnd) queueMicrotask(() => this.#close());
  }

  /** As when a process dies: what it had written still arrives, then the end. */
  destroy(): void {
    if (this.#closed) return;
    this.end();
    this.#readEnd = true;
    queueMicrotask(() => this.#close());
  }

  ref(): void {}
  unref(): void {}

  #onEnd(): void {
    if (this.#readEnd) return;
    this.#readEnd = true;
    this.#receiver?.end();
    if (this.#wroteEnd) queueMicrotask(() => this.#close());
  }

  #close(error?: Error): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#receiver?.close(error);
  }
}
