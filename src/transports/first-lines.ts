/**
 * The first lines of a connection, read before any dialect is spoken; afterwards the same transport for whoever starts it,
 * from behind those lines or from its first byte.
 *
 * ```
 *   reading --handOn()--> handed on --start()--> flowing: each event goes straight through
 *      \------end()-----> ended: what still comes is dropped
 * ```
 * Until it flows, what arrives is kept, and the transport is paused as soon as more is there than was asked for.
 */
import type { TlsFacts } from '../channel/certificate.ts';
import { type ByteReceiver, type ByteTransport, deaf } from '../channel/transport.ts';
import type { Chunk } from '../wire/dialect.ts';

/** What came: a line, without its end; or something that does not begin like one or is too long; or why nothing came. */
export type FirstLine = { kind: 'line'; text: string } | { kind: 'other' | 'ended' | Cut };

/** Why nothing more is waited for. */
export type Cut = 'late' | 'cancelled' | 'closed';

/** No line of an exchange is longer. */
export const maxLineBytes = 1024;
const openingBrace = 0x7b;
const lineFeed = 0x0a;

export class FirstLines {
  readonly #transport: ByteTransport;
  /** All that has arrived and is not handed on. */
  #bytes: Buffer = Buffer.alloc(0);
  /** Where the next line begins. */
  #at = 0;
  #waiting: ((line: FirstLine) => void) | undefined;
  #cut: Cut | undefined;
  #ended = false;
  #closed: { error: Error | undefined } | undefined;
  /** Who hears each event, once it flows. */
  #receiver: ByteReceiver | undefined;

  /** Starts the transport. */
  constructor(transport: ByteTransport) {
    this.#transport = transport;
    transport.start({
      data: (chunk) => (this.#receiver === undefined ? this.#keep(chunk) : this.#receiver.data(chunk)),
      room: () => this.#receiver?.room?.(),
      drain: () => this.#receiver?.drain(),
      end: () => {
        this.#ended = true;
        if (this.#receiver === undefined) this.#look();
        else this.#receiver.end();
      },
      close: (error) => {
        this.#closed = { error };
        if (this.#receiver === undefined) this.#look();
        else this.#receiver.close(error);
      },
    });
  }

  /** Whether anything has come at all. */
  get isEmpty(): boolean {
    return this.#bytes.length === 0;
  }

  /** The next line. Each is a JSON object, so that what begins otherwise is known at once. */
  next(): Promise<FirstLine> {
    return new Promise((resolve) => {
      this.#waiting = resolve;
      this.#look();
      if (this.#waiting !== undefined) this.#transport.resume();
    });
  }

  /** Whoever waits for a line, now or later, hears this instead. */
  cut(why: Cut): void {
    this.#cut ??= why;
    this.#look();
  }

  write(line: object): void {
    this.#transport.write([`${JSON.stringify(line)}\n`]);
  }

  /** Says no more. What the other end still says is read and dropped, so that it gets to read what was written. */
  end(): void {
    this.#receiver = deaf;
    this.#bytes = Buffer.alloc(0);
    this.#transport.end();
    this.#transport.resume();
  }

  /** The transport, with what follows the lines that were taken, or with all that has come. */
  handOn(from: 'here' | 'start'): ByteTransport {
    this.#transport.pause();
    if (from === 'here') this.#bytes = this.#bytes.subarray(this.#at);
    return new HandedOn(this.#transport, (receiver) => this.#flow(receiver));
  }

  #flow(receiver: ByteReceiver): void {
    this.#receiver = receiver;
    const kept = this.#bytes;
    this.#bytes = Buffer.alloc(0);
    if (kept.length > 0) receiver.data(kept);
    if (this.#ended) receiver.end();
    if (this.#closed !== undefined) receiver.close(this.#closed.error);
  }

  #keep(chunk: Uint8Array): void {
    this.#bytes = Buffer.concat([this.#bytes, chunk]);
    this.#look();
    if (this.#waiting === undefined) this.#transport.pause();
  }

  #look(): void {
    if (this.#waiting === undefined) return;
    const line = this.#found();
    if (line === undefined) return;
    const tell = this.#waiting;
    this.#waiting = undefined;
    tell(line);
  }

  /** Undefined where it is not known yet. */
  #found(): FirstLine | undefined {
    if (this.#cut !== undefined) return { kind: this.#cut };
    const rest = this.#bytes.subarray(this.#at, this.#at + maxLineBytes + 1);
    if (rest.length > 0 && rest[0] !== openingBrace) return { kind: 'other' };
    const length = rest.indexOf(lineFeed);
    if (length >= 0) {
      this.#at += length + 1;
      return { kind: 'line', text: rest.toString('utf8', 0, length) };
    }
    if (rest.length > maxLineBytes) return { kind: 'other' };
    return this.#ended || this.#closed !== undefined ? { kind: 'ended' } : undefined;
  }
}

class HandedOn implements ByteTransport {
  readonly form = 'bytes';
  readonly #inner: ByteTransport;
  readonly #flow: (receiver: ByteReceiver) => void;
  #flowing = false;
  #paused = false;

  constructor(inner: ByteTransport, flow: (receiver: ByteReceiver) => void) {
    this.#inner = inner;
    this.#flow = flow;
  }

  get name(): string {
    return this.#inner.name;
  }

  get mayVanish(): boolean {
    return this.#inner.mayVanish === true;
  }

  get tls(): TlsFacts | undefined {
    return this.#inner.tls;
  }

  hasArrived(): boolean | undefined {
    return this.#inner.hasArrived?.();
  }

  start(receiver: ByteReceiver): void {
    // As any transport: nothing is delivered before `start` has returned.
    process.nextTick(() => {
      this.#flow(receiver);
      this.#flowing = true;
      if (!this.#paused) this.#inner.resume();
    });
  }

  write(chunks: readonly Chunk[]): boolean {
    return this.#inner.write(chunks);
  }

  flushed(): Promise<boolean> {
    return this.#inner.flushed();
  }

  pause(): void {
    this.#paused = true;
    this.#inner.pause();
  }

  resume(): void {
    this.#paused = false;
    if (this.#flowing) this.#inner.resume();
  }

  end(): void {
    this.#inner.end();
  }

  destroy(): void {
    this.#inner.destroy();
  }

  ref(): void {
    this.#inner.ref();
  }

  unref(): void {
    this.#inner.unref();
  }
}
