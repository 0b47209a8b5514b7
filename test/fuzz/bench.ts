/** Transports whose other end is a test: it puts in what it likes, at once, and says what is taken. */
import type {
  ByteReceiver,
  ByteTransport,
  ValueReceiver,
  ValueTransport,
} from '../../src/channel/transport.ts';
import type { Chunk } from '../../src/wire/dialect.ts';
import type { Random } from '../stories/fixtures/random.ts';
import { chunksOf } from './chunks.ts';

/** What was written last, so that an answer can be looked for; never much. */
const maxKept = 256 * 1024;

abstract class BenchEnd {
  readonly name = 'the bench';
  isClosed = false;
  /** The other end takes nothing: what is written waits. */
  isDeaf = false;
  isPaused = false;
  written: Buffer[] = [];
  #keptBytes = 0;
  #drained: (() => void)[] = [];

  protected keep(bytes: Buffer): void {
    this.#keptBytes += bytes.length;
    if (this.#keptBytes > maxKept) this.forget();
    this.written.push(bytes);
  }

  forget(): void {
    this.written = [];
    this.#keptBytes = 0;
  }

  flushed(): Promise<boolean> {
    if (this.isClosed) return Promise.resolve(false);
    return this.isDeaf
      ? new Promise((resolve) => this.#drained.push(() => resolve(!this.isClosed)))
      : Promise.resolve(true);
  }

  /** What waits is taken from now on. */
  listen(): void {
    this.isDeaf = false;
    this.wake();
    this.drain();
  }

  protected wake(): void {
    for (const resolve of this.#drained.splice(0)) resolve();
  }

  protected abstract drain(): void;

  ref(): void {}
  unref(): void {}
}

export class BenchBytes extends BenchEnd implements ByteTransport {
  readonly form = 'bytes';
  #receiver: ByteReceiver | undefined;
  /** Puts bytes where the receiver wants them, as a socket that is read into a buffer does. */
  readonly usesRoom: boolean;
  wroteEnd = false;
  #held: Uint8Array[] = [];

  constructor(usesRoom: boolean) {
    super();
    this.usesRoom = usesRoom;
  }

  start(receiver: ByteReceiver): void {
    this.#receiver = receiver;
  }

  /** In pieces, until it is closed. */
  feed(bytes: Uint8Array, random: Random): void {
    for (const chunk of chunksOf(bytes, random)) {
      if (this.isClosed) return;
      this.put(chunk);
    }
  }

  put(chunk: Uint8Array): void {
    if (this.isPaused) this.#held.push(chunk.slice());
    else this.#deliver(chunk);
  }

  /** What was delivered is overwritten at once: nobody may keep it. */
  #deliver(chunk: Uint8Array): void {
    for (let at = 0; at < chunk.length && !this.isClosed; ) {
      const room = this.usesRoom ? this.#receiver?.room?.() : undefined;
      const part = chunk.subarray(at, at + (room?.length ?? chunk.length));
      at += part.length;
      if (room === undefined) {
        const copy = part.slice();
        this.#receiver?.data(copy);
        copy.fill(0xaa);
      } else {
        room.set(part);
        this.#receiver?.data(room.subarray(0, part.length));
      }
    }
  }

  write(chunks: readonly Chunk[]): boolean {
    if (this.isClosed) return false;
    for (const chunk of chunks) this.keep(Buffer.from(chunk as string));
    return !this.isDeaf;
  }

  protected drain(): void {
    this.#receiver?.drain();
  }

  pause(): void {
    this.isPaused = true;
  }

  resume(): void {
    this.isPaused = false;
    for (let chunk = this.#held.shift(); chunk !== undefined; chunk = this.#held.shift()) {
      this.#deliver(chunk);
      if (this.isPaused) return;
    }
  }

  end(): void {
    this.wroteEnd = true;
  }

  /** The other end writes no more. */
  endInput(): void {
    if (!this.isClosed) this.#receiver?.end();
  }

  destroy(): void {
    queueMicrotask(() => this.cut());
  }

  cut(error?: Error): void {
    if (this.isClosed) return;
    this.isClosed = true;
    this.#held = [];
    this.wake();
    this.#receiver?.close(error);
  }
}

export class BenchValues extends BenchEnd implements ValueTransport {
  readonly form = 'values';
  readonly clone = 'structured';
  readonly transfer = true;
  #receiver: ValueReceiver | undefined;

  start(receiver: ValueReceiver): void {
    this.#receiver = receiver;
  }

  put(value: unknown): void {
    if (!this.isClosed) this.#receiver?.value(value);
  }

  post(value: unknown, transfer: readonly object[] = []): boolean {
    if (this.isClosed) return false;
    const clone: unknown = structuredClone(value, { transfer: [...transfer] as ArrayBuffer[] });
    const { messages } = (clone ?? {}) as { messages?: unknown[] };
    for (const message of messages ?? [clone])
      this.keep(
        message instanceof Uint8Array ? Buffer.from(message) : Buffer.from(String(JSON.stringify(message))),
      );
    return !this.isDeaf;
  }

  protected drain(): void {
    this.#receiver?.drain();
  }

  end(): void {
    this.destroy();
  }

  destroy(): void {
    queueMicrotask(() => this.cut());
  }

  cut(error?: Error): void {
    if (this.isClosed) return;
    this.isClosed = true;
    this.wake();
    this.#receiver?.close(error);
  }
}
