/** One stream of a log: the FIFO it comes out of, the line that has not ended yet, and what of it is not written. */
import type { Buffer } from 'node:buffer';
import { FifoReader } from './fifo-reader.ts';
import { type Cut, LineCutter } from './line-cutter.ts';

/** The longest line; a longer one goes on in the next. Also what is read at once, and with it what a kill may lose. */
export const lineBytes: number = 64 * 1024;

/** How long a line is waited for to end, in milliseconds. */
export const heldMs = 1000;

export interface LogSourceOptions {
  stream: 'out' | 'err';
  path: string;
  scratch: Buffer;
  /** How many bytes may be read at once; less with very many FIFOs. */
  readBytes: () => number;
  /** What has become whole. Called before it is decided whether to read on. */
  onLines: (source: LogSource, lines: Cut) => void;
  /** Something was read. True: read on. */
  onRead: (source: LogSource) => boolean;
  onError: (error: Error) => void;
  /** Is resumed together with others, a moment later. */
  resumeSoon: (source: LogSource) => void;
  now: () => number;
}

/**
 * A read of less than this is followed by a pause, so that a service that writes line by line costs no more than a hundred
 * reads a second. A pipe holds sixteen times as much.
 */
const smallBytes = 4096;

export class LogSource {
  readonly stream: 'out' | 'err';
  readonly path: string;
  readonly #options: LogSourceOptions;
  readonly #reader: FifoReader;
  readonly #cutter = new LineCutter(lineBytes);
  #heldSince: number | undefined;
  #unwrittenBytes = 0;
  #lastRead = 0;
  #pausedSince: number | undefined;

  /** Throws `ERR_NOT_REACHABLE`. */
  constructor(options: LogSourceOptions) {
    const { stream, path, scratch, readBytes, onRead, onError } = options;
    this.stream = stream;
    this.path = path;
    this.#options = options;
    this.#reader = new FifoReader({
      path,
      scratch,
      room: () => Math.min(this.#cutter.room, readBytes()),
      onBytes: (bytes) => {
        // Before anything else: until then nobody knows how many there were.
        this.#setStake(bytes.length);
        this.#lastRead = bytes.length;
        this.#take(this.#cutter.push(bytes));
        const goOn = onRead(this);
        if (!goOn) this.#pausedSince ??= options.now();
        return goOn;
      },
      onError,
    });
    this.#unwrittenBytes = this.#reader.lostBytes;
    if (this.lostBytes > 0) this.#pausedSince = options.now();
  }

  /** What nobody has told of yet: unwritten, too, until a note of it is. */
  get lostBytes(): number {
    return this.#reader.lostBytes;
  }

  /** Of whole lines, and of what was lost. */
  get unwrittenBytes(): number {
    return this.#unwrittenBytes;
  }

  get isHolding(): boolean {
    return this.#heldSince !== undefined;
  }

  written(bytes: number): void {
    this.#unwrittenBytes -= bytes;
  }

  /** Reads on if nothing waits to be written any more, or whatever waits. */
  settled(whateverWaits: boolean): void {
    this.#setStake();
    if (whateverWaits || this.#lastRead >= smallBytes) this.resume(whateverWaits);
    else if (this.#unwrittenBytes === 0 && this.#pausedSince !== undefined) this.#options.resumeSoon(this);
  }

  /** As `settled`, and at once. */
  resume(whateverWaits: boolean): void {
    if (!whateverWaits && this.#unwrittenBytes > 0) return;
    this.#pausedSince = undefined;
    this.#reader.resume();
  }

  /** Whether it was read last before this time, on the clock of `now`, and not since. */
  isPausedSince(time: number): boolean {
    return this.#pausedSince !== undefined && this.#pausedSince <= time;
  }

  readNow(): boolean {
    return this.#reader.readNow();
  }

  /** Gives out a line that has not ended in time, or, without a time, any. */
  cutHeld(before?: number): void {
    if (this.#heldSince === undefined || (before !== undefined && this.#heldSince > before)) return;
    this.#heldSince = undefined;
    // No more than one read is to be at stake.
    this.#pausedSince ??= this.#options.now();
    this.#reader.pause();
    this.#take(this.#cutter.cut());
  }

  close(): void {
    this.#reader.close();
  }

  #take(lines: Cut | undefined): void {
    if (lines !== undefined) {
      this.#heldSince = undefined;
      this.#unwrittenBytes += lines.bytes.length;
      this.#options.onLines(this, lines);
    }
    if (this.#cutter.heldBytes > 0) this.#heldSince ??= this.#options.now();
  }

  #setStake(readBytes = 0): void {
    this.#reader.setStake(this.#unwrittenBytes + this.#cutter.heldBytes + readBytes);
  }
}
