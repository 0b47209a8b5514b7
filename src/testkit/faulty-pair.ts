/**
 * Two ends of a flow of bytes through a network that misbehaves, by seed and by hand:
 *
 * ```
 *   open --cut()/cutAfterBytes--> closed at both ends, with an error; what is on its way is lost
 *   open --silence()/silentAfterBytes--> half-open: nothing arrives any more, and nobody is told
 *   either --end of both ways, destroy()--> closed
 * ```
 * All lateness is that of the clock, so that with one that a test moves nothing happens by itself. Bytes keep their
 * order, whatever they are delayed.
 */
import { type Clock, systemClock, type Timer } from '../base/clock.ts';
import { KindredError } from '../base/errors.ts';
import { Fifo } from '../base/fifo.ts';
import type { ByteReceiver, ByteTransport } from '../channel/transport.ts';
import type { Chunk } from '../wire/dialect.ts';

/** A number, or one at random between the two. */
export type Range = number | readonly [least: number, most: number];

export interface FaultyPairOptions {
  /** Of all that is at random here. Default: another each time; `pair.seed` tells it. */
  seed?: number | undefined;
  clock?: Clock | undefined;
  /** For errors and logs. Default `a faulty line`. */
  name?: string | undefined;
  /** How long each chunk takes, in milliseconds. Default 0: a later turn. */
  delayMs?: Range | undefined;
  /** What is written arrives in chunks of at most so many bytes. Default: as it was written. */
  chunkBytes?: Range | undefined;
  /** One chunk of about so many never arrives, as where what carries it keeps no promise. Default: none is lost. */
  loseOneOf?: number | undefined;
  /** After so many bytes, of both directions together, the line is cut. Default: never. */
  cutAfterBytes?: Range | undefined;
  /** After so many bytes it is half-open. Default: never. */
  silentAfterBytes?: Range | undefined;
  /** Bytes under way in one direction from which `write` says stop. Default 1 MiB. */
  windowBytes?: number | undefined;
}

export interface FaultyPair {
  readonly near: ByteTransport;
  readonly far: ByteTransport;
  /** Gives the same faults again. */
  readonly seed: number;
  /** Bytes that have arrived, or were lost, so far. */
  readonly bytes: number;
  /** Both ends close with an error. */
  cut(): void;
  /** From now on nothing arrives: at this end, or (default) at none. */
  silence(at?: 'near' | 'far' | 'both'): void;
}

export function createFaultyPair(options: FaultyPairOptions = {}): FaultyPair {
  return new Faults(options);
}

class Faults implements FaultyPair {
  readonly near: End;
  readonly far: End;
  readonly seed: number;
  readonly clock: Clock;
  readonly name: string;
  readonly windowBytes: number;
  bytes = 0;
  readonly #options: FaultyPairOptions;
  readonly #random: () => number;
  readonly #cutAt: number;
  readonly #silentAt: number;

  constructor(options: FaultyPairOptions) {
    const {
      seed = Math.floor(Math.random() * 2 ** 31),
      clock = systemClock,
      name = 'a faulty line',
    } = options;
    this.#options = options;
    this.seed = seed;
    this.clock = clock;
    this.name = name;
    this.windowBytes = options.windowBytes ?? 1024 * 1024;
    this.#random = randomFrom(seed);
    const { cutAfterBytes = Number.POSITIVE_INFINITY, silentAfterBytes = Number.POSITIVE_INFINITY } = options;
    this.#cutAt = this.#pick(cutAfterBytes);
    this.#silentAt = this.#pick(silentAfterBytes);
    this.near = new End(this);
    this.far = new End(this);
    this.near.other = this.far;
    this.far.other = this.near;
  }

  cut(): void {
    const error = new KindredError('ERR_PEER_GONE', `${this.name}: the line was cut`);
    for (const end of [this.near, this.far]) end.close(error);
  }

  silence(at: 'near' | 'far' | 'both' = 'both'): void {
    if (at !== 'far') this.near.isSilent = true;
    if (at !== 'near') this.far.isSilent = true;
  }

  /** How much of so many bytes goes as the next chunk. */
  chunkOf(bytes: number): number {
    return Math.min(bytes, Math.max(1, this.#pick(this.#options.chunkBytes ?? bytes)));
  }

  delay(): number {
    return this.#pick(this.#options.delayMs ?? 0);
  }

  /** The chunk arrives; counted before, so that the last of the bytes may be those that the cut swallows. */
  passes(bytes: number): boolean {
    const { loseOneOf } = this.#options;
    const isLost = loseOneOf !== undefined && this.#random() * loseOneOf < 1;
    this.bytes += bytes;
    if (this.bytes > this.#silentAt) this.silence();
    if (this.bytes <= this.#cutAt) return !isLost;
    this.cut();
    return false;
  }

  #pick(range: Range): number {
    if (typeof range === 'number') return range;
    const [least, most] = range;
    return least + Math.floor(this.#random() * (most - least + 1));
  }
}

/** What is on its way to one end. `reset`: what it has sent is read by nobody. */
type Underway = { bytes: Uint8Array } | 'end' | 'reset';

class End implements ByteTransport {
  readonly form = 'bytes';
  readonly mayVanish = true;
  other!: End;
  isSilent = false;
  readonly #faults: Faults;
  #receiver: ByteReceiver | undefined;
  /** Arrived, and not taken yet. */
  readonly #arrived = new Fifo<Underway>();
  #isPaused = false;
  #underWayBytes = 0;
  #isBlocked = false;
  #latest = 0;
  #wroteEnd = false;
  #readEnd = false;
  #isOver = false;
  #error: Error | undefined;
  #told = false;
  /** Sent and not arrived; whichever timer fires first, the first of these arrives. */
  readonly #sent = new Fifo<Underway>();
  readonly #timers = new Set<Timer>();
  #flushing: ((handedOver: boolean) => void)[] = [];

  constructor(faults: Faults) {
    this.#faults = faults;
  }

  get name(): string {
    return this.#faults.name;
  }

  start(receiver: ByteReceiver): void {
    this.#receiver = receiver;
    queueMicrotask(() => this.#take());
  }

  write(chunks: readonly Chunk[]): boolean {
    if (this.#isOver) return false;
    if (this.#wroteEnd) {
      this.close(new KindredError('ERR_CLOSED', `${this.name}: this end had said that no more would come`));
      return false;
    }
    for (const chunk of chunks) {
      const bytes = typeof chunk === 'string' ? new TextEncoder().encode(chunk) : chunk.slice();
      for (let at = 0; at < bytes.length; ) {
        const part = bytes.subarray(at, at + this.#faults.chunkOf(bytes.length - at));
        at += part.length;
        this.#underWayBytes += part.length;
        this.#send({ bytes: part });
      }
    }
    if (this.#underWayBytes >= this.#faults.windowBytes) this.#isBlocked = true;
    return !this.#isBlocked;
  }

  flushed(): Promise<boolean> {
    if (this.#isOver || !this.#isBlocked) return Promise.resolve(!this.#isOver);
    return new Promise((resolve) => this.#flushing.push(resolve));
  }

  pause(): void {
    this.#isPaused = true;
  }

  resume(): void {
    this.#isPaused = false;
    queueMicrotask(() => this.#take());
  }

  end(): void {
    if (this.#wroteEnd || this.#isOver) return;
    this.#wroteEnd = true;
    this.#send('end');
    this.#closeWhenDone();
  }

  destroy(): void {
    if (this.#isOver) return;
    if (!this.#wroteEnd) this.#send('end');
    this.#wroteEnd = true;
    this.close(undefined);
  }

  ref(): void {}
  unref(): void {}

  close(error: Error | undefined): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#error = error;
    this.#arrived.take();
    for (const resolve of this.#flushing.splice(0)) resolve(false);
    // What this end has sent still arrives, unless the line is cut: then the other end is closed too.
    if (error !== undefined) {
      for (const timer of this.#timers) timer.cancel();
      this.#timers.clear();
      this.#sent.take();
    }
    queueMicrotask(() => this.#tellClose());
  }

  /** No sooner than what was sent before. */
  #send(sent: Underway): void {
    const { clock } = this.#faults;
    const now = clock.now();
    this.#latest = Math.max(this.#latest, now + this.#faults.delay());
    this.#sent.push(sent);
    const arrive = (): void => {
      const first = this.#sent.shift();
      if (first !== undefined) this.other.#arrive(first);
    };
    const ms = this.#latest - now;
    if (ms <= 0 && this.#timers.size === 0) {
      queueMicrotask(arrive);
      return;
    }
    const timer = clock.after(ms, () => {
      this.#timers.delete(timer);
      arrive();
    });
    this.#timers.add(timer);
  }

  #arrive(sent: Underway): void {
    if (this.isSilent) return;
    if (this.#isOver) {
      // Nobody reads it: the sender is told so, behind what this end had said before.
      if (typeof sent === 'object') this.#send('reset');
      return;
    }
    if (typeof sent === 'string' || this.#faults.passes(sent.bytes.length)) this.#arrived.push(sent);
    else this.#taken(sent.bytes.length);
    this.#take();
  }

  #take(): void {
    const receiver = this.#receiver;
    while (receiver !== undefined && !this.#isPaused && !this.#isOver) {
      const next = this.#arrived.shift();
      if (next === undefined) break;
      if (next === 'reset')
        this.close(new KindredError('ERR_PEER_GONE', `${this.name}: the other end is gone`));
      else if (next === 'end') {
        this.#readEnd = true;
        receiver.end();
        this.#closeWhenDone();
      } else {
        this.#taken(next.bytes.length);
        receiver.data(next.bytes);
      }
    }
    this.#tellClose();
  }

  #taken(bytes: number): void {
    const sender = this.other;
    sender.#underWayBytes -= bytes;
    if (!sender.#isBlocked || sender.#underWayBytes * 2 > this.#faults.windowBytes) return;
    sender.#isBlocked = false;
    for (const resolve of sender.#flushing.splice(0)) resolve(true);
    if (!sender.#wroteEnd) queueMicrotask(() => sender.#isOver || sender.#receiver?.drain());
  }

  #closeWhenDone(): void {
    if (this.#wroteEnd && this.#readEnd) this.close(undefined);
  }

  #tellClose(): void {
    if (!this.#isOver || this.#told || this.#receiver === undefined) return;
    this.#told = true;
    this.#receiver.close(this.#error);
  }
}

/** mulberry32: small, and good enough to choose where a line breaks. */
function randomFrom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), state | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}
