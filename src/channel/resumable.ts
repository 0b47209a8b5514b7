/**
 * A transport that goes on over a new connection (a line) when its own is lost, as long as both processes live: what is
 * above it notices a delay, and nothing else.
 *
 * Both ends count the bytes that arrive, and keep those that they have sent until the other end has said `received`. On
 * a new line each tells how far it has come, and the other goes on from there, in the middle of a frame if need be. How
 * a new line is come by is the affair of a keeper: one end dials, the other waits.
 *
 * ```
 *   undecided --both hellos offer it--> carried --line lost--> lost --goOn()--> carried
 *       |                                  |                     |
 *       |  one of them does not            |  leave(): one end   |  giveUp(), destroy()
 *       v                                  v  closes             v
 *     plain  <-----------------------------+------------------> closed
 * ```
 * `undecided` and `plain`: the end of the line is the end, as without all this.
 */
import type { Clock, Timer } from '../base/clock.ts';
import { KindredError } from '../base/errors.ts';
import type { Chunk } from '../wire/dialect.ts';
import type { Text } from '../wire/text.ts';
import type { Line } from './line.ts';
import { type Offer, readOffer } from './resume-words.ts';
import { SentBytes } from './sent-bytes.ts';
import type { ByteReceiver, ByteTransport, Resumption } from './transport.ts';

/** Finds a new line, or waits for one. */
export interface Keeper {
  /** For the hello of this end; `theirs`: what the other end has offered, where that is known already. */
  offer(theirs: Offer | undefined): Offer | undefined;
  /** Whether what the other end offers makes it possible. */
  agrees(theirs: Offer): boolean;
  /** The line was lost: `goOn` or `giveUp` has to follow. */
  lost(): void;
  /** It will not be resumed (any more). */
  over(): void;
  /** The last: it is closed. */
  closed(): void;
}

export interface ResumableOptions {
  /** Of what was sent so much is kept; then the sender waits. */
  maxKeptBytes: number;
  text: Text;
  clock: Clock;
}

/** The other end is told after so many bytes, or a fraction of what it keeps; else after a moment. */
const tellAfterBytes = 256 * 1024;
const tellAfterShare = 1 / 4;
const tellAfterMs = 1000;
/** Before it is known what the other end is, no more is kept for it. Beyond, the end of the line is the end. */
const maxUndecidedBytes = 1024 * 1024;

type Mode = 'undecided' | 'plain' | 'carried' | 'lost' | 'closed';

export class Resumable implements ByteTransport, Resumption {
  readonly form = 'bytes';
  readonly mayVanish = true;
  readonly name: string;
  /** All that has arrived. */
  received = 0;
  /** Whether the open transport keeps the process alive. */
  refd = true;
  #mode: Mode = 'undecided';
  #line: Line | undefined;
  readonly #keeper: Keeper;
  readonly #clock: Clock;
  readonly #maxKeptBytes: number;
  readonly #sent: SentBytes;
  /** What is sent is kept for the other end. */
  #keeps = true;
  #theirs: Offer | undefined;
  #agreed = false;
  #receiver: ByteReceiver | undefined;
  #paused = false;
  #blocked = false;
  #full = false;
  /** What the other end was told to have arrived, and how much of what came since was such words of its own. */
  #told = 0;
  #words = 0;
  #tells = false;
  #tellAfter = tellAfterBytes;
  #tellTimer: Timer | undefined;
  #lostBy: Error | undefined;
  #flushing: (() => void)[] = [];

  constructor(line: Line, keeperOf: (transport: Resumable) => Keeper, options: ResumableOptions) {
    this.#line = line;
    this.name = line.transport.name;
    this.#clock = options.clock;
    this.#maxKeptBytes = options.maxKeptBytes;
    this.#sent = new SentBytes(options.text);
    this.#keeper = keeperOf(this);
  }

  get resumption(): Resumption {
    return this;
  }

  get agreed(): boolean {
    return this.#agreed;
  }

  get lost(): boolean {
    return this.#mode === 'lost';
  }

  /** Bytes that are kept for the other end. */
  get keptBytes(): number {
    return this.#sent.size;
  }

  /** Rises with each byte that has arrived at either end, as far as is known here. */
  get progress(): number {
    return this.received + this.#sent.start;
  }

  hasArrived(): boolean | undefined {
    return this.#line?.transport.hasArrived?.();
  }

  start(receiver: ByteReceiver): void {
    this.#receiver = receiver;
    const line = this.#line as Line;
    line.start();
    // Nothing is heard before this call returns.
    if (line.holds) queueMicrotask(() => this.#line === line && line.hear(this.#ear));
    else line.hear(this.#ear);
  }

  write(chunks: readonly Chunk[]): boolean {
    const line = this.#line;
    if (!this.#keeps) return line?.transport.write(chunks) ?? false;
    for (const chunk of chunks) this.#sent.append(chunk);
    if (this.#mode === 'undecided' && this.#sent.size > maxUndecidedBytes) this.#keepNothing();
    if (line === undefined) return false;
    if (!line.transport.write(chunks)) this.#blocked = true;
    if (this.#keeps && this.#sent.size >= this.#maxKeptBytes) this.#full = true;
    return !this.#blocked && !this.#full;
  }

  /** What a line had taken when it was lost goes out again on the next. */
  async flushed(): Promise<boolean> {
    while (this.#mode !== 'closed') {
      const line = this.#line;
      if (line !== undefined && (await line.transport.flushed())) return true;
      if (this.#line !== line) continue;
      if (this.#mode !== 'carried' && this.#mode !== 'lost') return false;
      await new Promise<void>((resolve) => this.#flushing.push(resolve));
    }
    return false;
  }

  pause(): void {
    this.#paused = true;
    this.#line?.transport.pause();
  }

  resume(): void {
    this.#paused = false;
    this.#line?.transport.resume();
  }

  end(): void {
    this.#line?.transport.end();
  }

  destroy(): void {
    const line = this.#line;
    this.leave();
    if (line === undefined) queueMicrotask(() => this.#close());
    else line.transport.destroy();
  }

  ref(): void {
    this.refd = true;
    this.#line?.transport.ref();
  }

  unref(): void {
    this.refd = false;
    this.#line?.transport.unref();
  }

  words(): unknown {
    return this.#mode === 'undecided' || this.#mode === 'carried'
      ? this.#keeper.offer(this.#theirs)
      : undefined;
  }

  agree(words: unknown): void {
    if (this.#mode !== 'undecided') return;
    const theirs = readOffer(words);
    if (theirs === undefined || !this.#keeper.agrees(theirs)) {
      this.#becomePlain();
      return;
    }
    this.#theirs = theirs;
    this.#agreed = true;
    this.#tells = true;
    this.#tellAfter = Math.min(tellAfterBytes, theirs.bytes * tellAfterShare);
    if (this.#keeps) this.#mode = 'carried';
    else this.#becomePlain();
  }

  acknowledged(bytes: number, frameBytes: number): void {
    this.#words += frameBytes;
    if (!this.#keeps || bytes <= this.#sent.start) return;
    if (bytes > this.#sent.end)
      throw new KindredError('ERR_PROTOCOL', 'the other end says that it has received more than was sent');
    this.#sent.release(bytes);
    if (this.#sent.size < this.#maxKeptBytes / 2) this.#makeRoom();
  }

  leave(): void {
    this.#tells = false;
    this.#becomePlain();
  }

  drop(): boolean {
    if (this.#mode === 'carried') this.#lose(undefined);
    return this.#mode === 'lost';
  }

  /** Whether the other end, which has received so much, can be sent all that it has not. */
  canGoOnFrom(theirs: number): boolean {
    const { start, end } = this.#sent;
    return (this.#mode === 'carried' || this.#mode === 'lost') && theirs >= start && theirs <= end;
  }

  /** Goes on over this line, on which the other end has said how much it has received. */
  goOn(line: Line, theirs: number): void {
    this.#line?.drop();
    this.#line = line;
    this.#mode = 'carried';
    this.#told = this.received;
    this.#words = 0;
    this.#sent.release(theirs);
    if (!this.refd) line.transport.unref();
    if (this.#paused) line.transport.pause();
    this.#full = this.#sent.size >= this.#maxKeptBytes;
    const again = this.#sent.kept();
    this.#blocked = again.length > 0 && !line.transport.write(again);
    this.#changed();
    if (!this.#blocked && !this.#full) this.#receiver?.drain();
    // What this tells may be that the line is lost.
    if (this.#line === line) line.hear(this.#ear);
  }

  /** There will be no new line. */
  giveUp(error?: Error): void {
    this.#close(error ?? this.#lostBy);
  }

  readonly #ear: ByteReceiver = {
    data: (chunk) => {
      const bytes = chunk.length;
      this.#receiver?.data(chunk);
      this.received += bytes;
      if (this.#tells) this.#mayTell();
    },
    room: () => this.#receiver?.room?.(),
    end: () => {
      // Whoever closes says so first.
      if (this.#mode === 'carried') this.#lose(undefined);
      else this.#receiver?.end();
    },
    drain: () => {
      this.#blocked = false;
      if (!this.#full) this.#receiver?.drain();
    },
    close: (error) => {
      if (this.#mode === 'carried') this.#lose(error);
      else this.#close(error);
    },
  };

  #lose(error: Error | undefined): void {
    this.#line?.drop();
    this.#line = undefined;
    this.#mode = 'lost';
    this.#lostBy = error;
    this.#tellTimer?.cancel();
    this.#tellTimer = undefined;
    this.#receiver?.stalled?.();
    this.#keeper.lost();
  }

  #becomePlain(): void {
    if (this.#mode === 'plain' || this.#mode === 'closed') return;
    this.#mode = 'plain';
    this.#keepNothing();
    this.#keeper.over();
  }

  #keepNothing(): void {
    this.#keeps = false;
    this.#sent.release(this.#sent.end);
    this.#makeRoom();
  }

  #makeRoom(): void {
    if (!this.#full) return;
    this.#full = false;
    if (!this.#blocked && this.#line !== undefined) this.#receiver?.drain();
  }

  #close(error?: Error): void {
    if (this.#mode === 'closed') return;
    this.#becomePlain();
    this.#mode = 'closed';
    this.#line = undefined;
    this.#tells = false;
    this.#tellTimer?.cancel();
    this.#changed();
    this.#keeper.closed();
    this.#receiver?.close(error);
  }

  #changed(): void {
    for (const resolve of this.#flushing.splice(0)) resolve();
  }

  /** Words about what has arrived are not worth an answer of their own, which would be worth one too. */
  #mayTell(): void {
    const news = this.received - this.#told - this.#words;
    if (news >= this.#tellAfter) this.#tell();
    else if (news > 0 && this.#tellTimer === undefined) {
      this.#tellTimer = this.#clock.after(tellAfterMs, () => {
        this.#tellTimer = undefined;
        if (this.#tells && this.received - this.#told - this.#words > 0) this.#tell();
      });
      this.#tellTimer.unref();
    }
  }

  #tell(): void {
    this.#told = this.received;
    this.#words = 0;
    this.#receiver?.acknowledge?.(this.received);
  }
}
