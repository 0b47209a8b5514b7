/**
 * A transport over a Node.js stream: a socket, or a pair of which one is read and the other written.
 *
 * Everything is left to the stream's own buffers: what arrives before `start` waits in the readable (and stops the
 * sender when it is full), what is written waits in the writable. Errors come out as one `close`, never as an `error`
 * event that nobody hears.
 */
import type { Socket } from 'node:net';
import type { Duplex, Readable, Writable } from 'node:stream';
import { type Clock, systemClock, type Timer } from '../base/clock.ts';
import type { TlsFacts } from '../channel/certificate.ts';
import type { ByteReceiver, ByteTransport } from '../channel/transport.ts';
import type { Chunk } from '../wire/dialect.ts';
import { readDirectly } from './direct-reads.ts';
import { rescueLastWords } from './last-words.ts';
import { connectionLost } from './system-errors.ts';
import { unconfirmedBytes } from './tcp-queue.ts';
import { tlsFactsOf } from './tls-facts.ts';

/** Strings of one write are joined up to so many characters; beyond, copying costs more than a vectored write. */
const joinLength = 64 * 1024;
/** Of a pair whose writable side failed: how long the readable side may take to come to its end. */
const lingerMs = 1000;

/**
 * A Duplex, or a pair of which one is read and the other written. The transport owns it from now on. The stream must not be corked, have an encoding, or be read by others.
 * A Duplex is set to `allowHalfOpen`: the end of the other side does not end ours.
 */
export function createStreamTransport(
  name: string,
  readable: Duplex | Readable,
  writable: Writable = readable as Duplex,
  clock: Clock = systemClock,
): ByteTransport {
  return new StreamTransport(name, readable, writable, clock);
}

class StreamTransport implements ByteTransport {
  readonly form = 'bytes';
  readonly name: string;
  readonly #readable: Readable;
  readonly #writable: Writable;
  readonly #clock: Clock;
  #receiver: ByteReceiver | undefined;
  #paused = false;
  #readableEnded = false;
  /** Streams that have not yet emitted `close`. */
  #openStreams = 0;
  #lingerTimer: Timer | undefined;
  #error: Error | undefined;
  #destroyed = false;
  #closeTold = false;
  #flushing: Set<(error?: Error) => void> | undefined;
  /** What was still to be read when a failed write ended the connection. */
  #lastWords: Uint8Array[] | undefined;

  constructor(name: string, readable: Readable, writable: Writable, clock: Clock) {
    this.#clock = clock;
    this.name = name;
    this.#readable = readable;
    this.#writable = writable;
    this.#watch(readable, () => this.#onReadableClose());
    if ((writable as Writable | Readable) === readable) {
      (readable as Duplex).allowHalfOpen = true;
      rescueLastWords(readable as Duplex, (chunk) => {
        this.#lastWords ??= [];
        this.#lastWords.push(chunk);
      });
    } else {
      this.#watch(writable, () => this.#onWritableClose());
    }
  }

  get mayVanish(): boolean {
    return (this.#readable as Partial<Socket>).remoteAddress !== undefined;
  }

  get tls(): TlsFacts | undefined {
    return tlsFactsOf(this.#readable);
  }

  hasArrived(): boolean | undefined {
    const unconfirmed = unconfirmedBytes(this.#readable as Socket);
    return unconfirmed === undefined ? undefined : unconfirmed === 0;
  }

  start(receiver: ByteReceiver): void {
    this.#receiver = receiver;
    if (this.#openStreams === 0) {
      process.nextTick(() => this.#tellClose());
      return;
    }
    if (!readDirectly(this.#readable, receiver)) this.#readable.on('data', this.#onData);
    this.#readable.on('end', () => this.#onEnd());
    this.#writable.on('drain', () => {
      if (!this.#writable.writableNeedDrain) receiver.drain();
    });
    if (this.#paused) this.#readable.pause();
    else this.#readable.resume();
  }

  write(chunks: readonly Chunk[]): boolean {
    const writable = this.#writable;
    if (writable.destroyed) return false;
    if (chunks.length === 1) writable.write(chunks[0]);
    else {
      const joined = joinStrings(chunks);
      if (joined !== undefined) writable.write(joined);
      else {
        writable.cork();
        for (const chunk of chunks) writable.write(chunk);
        writable.uncork();
      }
    }
    return !writable.writableNeedDrain;
  }

  flushed(): Promise<boolean> {
    const writable = this.#writable;
    if (writable.destroyed) return Promise.resolve(false);
    if (writable.writableLength === 0) return Promise.resolve(true);
    return new Promise((resolve) => {
      const done = (error?: Error | null) => {
        this.#flushing?.delete(done);
        resolve(error === undefined || error === null);
      };
      // Not every stream calls back for a write that was under way when it was destroyed: `close` does it then.
      this.#flushing ??= new Set();
      this.#flushing.add(done);
      if (writable.writableEnded) writable.once('finish', () => done());
      // Callbacks run in order; this one when all before it has been written.
      else writable.write('', done);
    });
  }

  pause(): void {
    this.#paused = true;
    if (this.#receiver !== undefined) this.#readable.pause();
  }

  resume(): void {
    this.#paused = false;
    if (this.#receiver !== undefined) this.#readable.resume();
  }

  end(): void {
    if (!this.#writable.destroyed && !this.#writable.writableEnded) this.#writable.end();
  }

  destroy(): void {
    this.#destroyed = true;
    this.#readable.destroy();
    this.#writable.destroy();
  }

  ref(): void {
    refOf(this.#readable)?.ref?.();
    refOf(this.#writable)?.ref?.();
  }

  unref(): void {
    refOf(this.#readable)?.unref?.();
    refOf(this.#writable)?.unref?.();
  }

  readonly #onData = (chunk: Uint8Array): void => {
    this.#receiver?.data(chunk);
  };

  #onEnd(): void {
    this.#readableEnded = true;
    this.#receiver?.end();
  }

  #watch(stream: Readable | Writable, onClose: () => void): void {
    this.#openStreams++;
    stream.on('error', (error) => {
      if (!this.#destroyed) this.#error ??= connectionLost(this.name, error);
    });
    let seen = false;
    const close = () => {
      if (seen) return;
      seen = true;
      onClose();
      if (stream === this.#writable) for (const done of this.#flushing ?? []) done(new Error('closed'));
      this.#openStreams--;
      if (this.#openStreams === 0 && this.#receiver !== undefined) this.#tellClose();
    };
    stream.on('close', close);
    // A stream that was closed before will not say so again.
    if (stream.closed) process.nextTick(close);
  }

  #onReadableClose(): void {
    this.#lingerTimer?.cancel();
    // Nothing will be read any more although the end was not seen: there is nobody to write to.
    if (!this.#readableEnded && !this.#readable.readableEnded) this.#writable.destroy();
  }

  /** Of a pair. The other end takes nothing any more; what it still says is heard, but not for ever. */
  #onWritableClose(): void {
    if (this.#writable.writableFinished || this.#readable.destroyed) return;
    this.#lingerTimer = this.#clock.after(lingerMs, () => this.#readable.destroy());
    this.#lingerTimer.unref();
  }

  #tellClose(): void {
    if (this.#closeTold) return;
    this.#closeTold = true;
    const receiver = this.#receiver as ByteReceiver;
    this.#readable.off('data', this.#onData);
    if (!this.#destroyed) this.#deliverRest(receiver);
    receiver.close(this.#destroyed ? undefined : this.#error);
  }

  /** What had arrived before the connection failed, while this end was paused or not yet started. */
  #deliverRest(receiver: ByteReceiver): void {
    for (let chunk = this.#readable.read(); chunk !== null && !this.#destroyed; chunk = this.#readable.read())
      receiver.data(chunk);
    for (const chunk of this.#lastWords ?? []) if (!this.#destroyed) receiver.data(chunk);
  }
}

function joinStrings(chunks: readonly Chunk[]): string | undefined {
  let length = 0;
  for (const chunk of chunks) {
    if (typeof chunk !== 'string') return undefined;
    length += chunk.length;
    if (length > joinLength) return undefined;
  }
  return chunks.join('');
}

function refOf(stream: unknown): { ref?(): void; unref?(): void } {
  return stream as { ref?(): void; unref?(): void };
}
