/**
 * One log: two FIFOs, one file.
 *
 *   flowing  a FIFO is read again when what came out of it is written
 *     --a FIFO was not read for 750 ms because of it, or a write has failed-->
 *   behind   FIFOs are read whatever waits; what is beyond the bounds is dropped by whole lines, and counted
 *     --a write takes less--> flowing
 *   any --close--> closed
 *
 * A write that failed is tried again every second, from the byte on that it came to.
 */
import { Buffer } from 'node:buffer';
import type { Clock, Timer } from '../../base/clock.ts';
import { Fifo } from '../../base/fifo.ts';
import type { KeptLog as LogOrder } from '../keeper/logger-orders.ts';
import type { Budget, Turns } from './bounds.ts';
import type { Cut } from './line-cutter.ts';
import { newline } from './line-cutter.ts';
import type { LogDisk } from './log-disk.ts';
import { LogFile } from './log-file.ts';
import { encodePiece, type Piece } from './log-format.ts';
import { heldMs, LogSource } from './log-source.ts';

/** What the logs of a logger share. */
export interface LogSurroundings {
  directory: string;
  disk: LogDisk;
  clock: Clock;
  /** Wall clock, milliseconds since 1970. */
  wallClock: () => number;
  budget: Budget;
  turns: Turns;
  scratch: Buffer;
  readBytes: () => number;
  resumeSoon: (source: LogSource) => void;
  /** There is something that `sweep` has to look at. */
  onBusy: (log: KeptLog) => void;
}

/** How long a FIFO is not read because of the disk, in milliseconds: whoever writes into it waits no longer than that. */
const patienceMs = 750;
const retryMs = 1000;
/** What waits for the disk, at most, of one log. */
const waitingBytes = 1024 * 1024;
/** Written at once, before times and streams are added. */
const batchBytes = 64 * 1024;
/** What a piece needs beside its bytes. */
const pieceBytes = 256;

/** So much of a stream is no longer at stake when it is written. */
interface Settlement {
  source: LogSource;
  bytes: number;
}

interface Waiting extends Piece {
  settles: Settlement | undefined;
  /** Of the budget. */
  cost: number;
}

interface Batch {
  lines: Buffer;
  /** So much of it is written. */
  offset: number;
  cost: number;
  settles: Settlement[];
}

export class KeptLog {
  readonly #around: LogSurroundings;
  readonly #file: LogFile;
  readonly #sources: LogSource[] = [];
  #order: LogOrder;
  readonly #waiting = new Fifo<Waiting>();
  #waitingBytes = 0;
  #batch: Batch | undefined;
  #dropped: { lines: number; because: string; settles: Settlement[] } | undefined;
  /** Why the last write has failed. */
  #trouble: string | undefined;
  #isBehind = false;
  #isClosed = false;
  #isWriting = false;
  #retry: { timer: Timer; now: () => void } | undefined;
  #idle: (() => void)[] = [];

  /** Begins to read. Throws `ERR_NOT_REACHABLE`, and `ERR_BAD_ARGUMENT` for a name that is none of a file. */
  constructor(order: LogOrder, around: LogSurroundings) {
    this.#order = order;
    this.#around = around;
    this.#file = new LogFile(around.directory, order.name, order, around.disk, around.clock);
    try {
      for (const stream of ['out', 'err'] as const)
        this.#sources.push(this.#openSource(stream, order[stream]));
    } catch (error) {
      for (const source of this.#sources) source.close();
      throw error;
    }
    for (const source of this.#sources) {
      const { lostBytes, stream } = source;
      if (lostBytes === 0) continue;
      this.#note(`gap: up to ${lostBytes} bytes of ${stream} lost: the logger was killed`, {
        source,
        bytes: lostBytes,
      });
    }
  }

  /** Whether these are the FIFOs that it reads. */
  reads({ out, err }: LogOrder): boolean {
    return this.#order.out === out && this.#order.err === err;
  }

  configure(order: LogOrder): void {
    this.#order = order;
    this.#file.settings = order;
  }

  /** Gives out lines that have waited long enough for their end, and reads on where a write takes too long. False: nothing to look at any more. */
  sweep(): boolean {
    const now = this.#around.clock.now();
    for (const source of this.#sources) source.cutHeld(now - heldMs);
    if (this.#sources.some((source) => source.isPausedSince(now - patienceMs))) this.#isBehind = true;
    if (this.#isBehind) for (const source of this.#sources) source.resume(true);
    return !this.#isClosed && (this.#isWriting || this.#sources.some(({ isHolding }) => isHolding));
  }

  /** Resolves when all that is in the FIFOs now is written, or the signal fires. */
  async flush(signal: AbortSignal): Promise<void> {
    for (const source of this.#sources) {
      // A pipe holds 1 MiB at most: who writes on and on does not hold this up.
      for (let read = 0; read < waitingBytes && !signal.aborted; read += this.#around.readBytes()) {
        if (source.unwrittenBytes > 0) await this.#whenIdle(signal);
        if (!source.readNow()) break;
      }
    }
    await this.#whenIdle(signal);
  }

  /** Writes what is left, until the signal fires. */
  async close(signal: AbortSignal): Promise<void> {
    await this.flush(signal);
    for (const source of this.#sources) source.cutHeld();
    await this.#whenIdle(signal);
    this.#isClosed = true;
    for (const source of this.#sources) source.close();
    this.#around.budget.give(this.#waitingBytes);
    this.#retry?.now();
    const closed = this.#file.close();
    // A write that hangs would hold it up.
    if (!this.#isWriting) await closed;
  }

  #openSource(stream: 'out' | 'err', path: string): LogSource {
    const { scratch, readBytes, clock, onBusy, resumeSoon } = this.#around;
    return new LogSource({
      stream,
      path,
      scratch,
      readBytes,
      resumeSoon,
      now: () => clock.now(),
      onLines: (source, lines) => this.#keep(source, lines),
      onRead: (source) => {
        onBusy(this);
        return this.#isBehind || source.unwrittenBytes === 0;
      },
      onError: (error) => this.#note(`${stream} cannot be read any more: ${error.message}`),
    });
  }

  #keep(source: LogSource, { bytes, cut }: Cut): void {
    const cost = bytes.length + pieceBytes;
    const fits = this.#dropped === undefined && this.#waitingBytes + cost <= waitingBytes;
    if (fits && this.#around.budget.take(cost))
      this.#push({
        stream: source.stream,
        at: this.#around.wallClock(),
        bytes,
        cut,
        cost,
        settles: { source, bytes: bytes.length },
      });
    else this.#drop(source, bytes);
    void this.#write();
  }

  #note(text: string, settles?: Settlement): void {
    this.#push({ ...this.#noteOf(text), settles, cost: 0 });
    void this.#write();
  }

  #noteOf(text: string): Piece {
    return { stream: 'note', at: this.#around.wallClock(), bytes: Buffer.from(`${text}\n`), cut: false };
  }

  #push(piece: Waiting): void {
    this.#waiting.push(piece);
    this.#waitingBytes += piece.cost;
  }

  /** Until the count is written nothing is kept, so that it stands where the lines are missing. */
  #drop(source: LogSource, bytes: Buffer): void {
    const { settles } = this.#countDropped(Math.max(1, linesIn(bytes)));
    const settle = settles.find((each) => each.source === source);
    if (settle === undefined) settles.push({ source, bytes: bytes.length });
    else settle.bytes += bytes.length;
  }

  #countDropped(lines: number): { settles: Settlement[] } {
    this.#dropped ??= { lines: 0, because: '', settles: [] };
    this.#dropped.lines += lines;
    this.#dropped.because = this.#trouble ?? 'the disk is too slow';
    return this.#dropped;
  }

  /** One at a time, until nothing waits. */
  async #write(): Promise<void> {
    if (this.#isWriting) return;
    this.#isWriting = true;
    this.#around.onBusy(this);
    for (let batch = this.#nextBatch(); batch !== undefined && !this.#isClosed; batch = this.#nextBatch()) {
      const start = this.#around.clock.now();
      try {
        await this.#around.turns.run(() => this.#writeBatch(batch));
      } catch (error) {
        this.#trouble = (error as NodeJS.ErrnoException).code ?? (error as Error).message;
        this.#isBehind = true;
        for (const source of this.#sources) source.resume(true);
        await this.#pauseBeforeRetry();
        continue;
      }
      this.#written(batch, this.#around.clock.now() - start);
    }
    this.#isWriting = false;
    for (const resolve of this.#idle.splice(0)) resolve();
  }

  #nextBatch(): Batch | undefined {
    if (this.#batch !== undefined) return this.#batch;
    const pieces: Waiting[] = [];
    for (let bytes = 0; bytes < batchBytes; ) {
      const piece = this.#waiting.shift();
      if (piece === undefined) break;
      pieces.push(piece);
      bytes += piece.bytes.length;
    }
    if (pieces.length > 0) this.#batch = this.#batchOf(pieces);
    else if (this.#dropped !== undefined) {
      const { lines, because, settles } = this.#dropped;
      this.#dropped = undefined;
      const text = `${lines} ${lines === 1 ? 'line' : 'lines'} dropped: ${because}`;
      this.#batch = { lines: this.#encode(this.#noteOf(text)), offset: 0, cost: 0, settles };
    }
    return this.#batch;
  }

  #batchOf(pieces: readonly Waiting[]): Batch {
    const parts = pieces.map((piece) => this.#encode(piece));
    const lines = parts.length === 1 ? (parts[0] as Buffer) : Buffer.concat(parts);
    const settles = pieces.flatMap((piece) => piece.settles ?? []);
    return { lines, offset: 0, cost: pieces.reduce((sum, { cost }) => sum + cost, 0), settles };
  }

  #encode(piece: Piece): Buffer {
    return encodePiece(this.#order.format, this.#order.name, piece);
  }

  async #writeBatch(batch: Batch): Promise<void> {
    while (batch.offset < batch.lines.length) {
      if (!this.#file.isOpen) {
        const { torn } = await this.#file.open();
        this.#beginAtLine(batch);
        if (torn) {
          const note = this.#encode(
            this.#noteOf('the line before this one is cut: its end was never written'),
          );
          batch.lines = Buffer.concat([note, batch.lines.subarray(batch.offset)]);
          batch.offset = 0;
        }
      }
      batch.offset += await this.#file.append(batch.lines, batch.offset);
    }
  }

  /** The rest of a line whose start is in another file is of no use. */
  #beginAtLine(batch: Batch): void {
    if (batch.offset === 0 || batch.lines[batch.offset - 1] === newline) return;
    batch.offset = batch.lines.indexOf(newline, batch.offset) + 1;
    this.#countDropped(1);
  }

  #written(batch: Batch, tookMs: number): void {
    if (this.#isClosed) return;
    this.#batch = undefined;
    this.#trouble = undefined;
    this.#waitingBytes -= batch.cost;
    this.#around.budget.give(batch.cost);
    for (const { source, bytes } of batch.settles) source.written(bytes);
    if (tookMs < patienceMs) this.#isBehind = false;
    for (const source of this.#sources) source.settled(this.#isBehind);
  }

  async #pauseBeforeRetry(): Promise<void> {
    if (this.#isClosed) return;
    await new Promise<void>((resolve) => {
      this.#retry = { timer: this.#around.clock.after(retryMs, resolve), now: resolve };
    });
    this.#retry?.timer.cancel();
    this.#retry = undefined;
  }

  async #whenIdle(signal: AbortSignal): Promise<void> {
    if (!this.#isWriting || signal.aborted) return;
    await new Promise<void>((resolve) => {
      this.#idle.push(resolve);
      signal.addEventListener('abort', () => resolve(), { once: true });
    });
  }
}

function linesIn(bytes: Buffer): number {
  let lines = 0;
  for (let at = bytes.indexOf(newline); at !== -1; at = bytes.indexOf(newline, at + 1)) lines++;
  return lines;
}
