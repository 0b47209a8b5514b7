/**
 * Reads one log forwards, over all its files, and on while they are written and put aside.
 *
 *   nowhere --a file is there--> in a file --its end, and another one is the newest--> in the next newer file
 */
import { Buffer } from 'node:buffer';
import type { FileHandle } from 'node:fs/promises';
import { newline } from './line-cutter.ts';
import { fileState } from './log-disk.ts';
import { filesOf, type LogFileEntry, type LogPosition, openEntry } from './log-files.ts';
import { decodeLine } from './log-format.ts';
import type { LogLine } from './log-line.ts';
import { startSince } from './since.ts';

export interface LogReaderOptions {
  /** Default: the start of the oldest file. Where that file is gone, the start of the oldest. */
  from?: LogPosition | undefined;
  /** What was written before then may be left out: wall clock, milliseconds since 1970. */
  since?: number | undefined;
  /** Ends there. Default: wherever the log ends. */
  until?: LogPosition | undefined;
  chunkBytes?: number | undefined;
}

/** More than the logger ever writes in one line; what is longer is no line of its own, and comes in parts. */
const longestBytes = 1024 * 1024;

export class LogReader {
  readonly #directory: string;
  readonly #log: string;
  readonly #options: LogReaderOptions;
  #in: { handle: FileHandle; file: string } | undefined;
  /** Of the next byte to be read. */
  #offset = 0;
  /** The start of a line whose end was not there yet. */
  #rest: Buffer = Buffer.alloc(0);
  #isPutAside = false;
  #lastAt = 0;

  constructor(directory: string, log: string, options: LogReaderOptions = {}) {
    this.#directory = directory;
    this.#log = log;
    this.#options = options;
  }

  /** Behind the last line that was given; undefined: none was. */
  get position(): LogPosition | undefined {
    return this.#in === undefined
      ? this.#options.from
      : { file: this.#in.file, offset: this.#offset - this.#rest.length };
  }

  /** The next lines; none: there are none now. Throws what the file system throws. */
  async next(): Promise<LogLine[]> {
    for (;;) {
      if (this.#in === undefined && !(await this.#enter())) return [];
      const bytes = await this.#read();
      if (bytes === undefined) return [];
      if (bytes.length > 0) {
        const lines = this.#linesOf(bytes);
        if (lines.length > 0) return lines;
      } else if (this.#isPutAside) {
        // Nothing is written to it any more, and all of it is read.
        const last = this.#rest;
        this.#rest = Buffer.alloc(0);
        if (!(await this.#enter())) {
          this.#rest = last;
          return [];
        }
        if (last.length > 0) return [this.#decode(last.toString('utf8'))];
      } else if (!(await this.#lookWhetherPutAside())) return [];
    }
  }

  async close(): Promise<void> {
    await this.#in?.handle.close();
    this.#in = undefined;
  }

  /** Undefined: it was told to go no further. */
  async #read(): Promise<Buffer | undefined> {
    const { until, chunkBytes = 64 * 1024 } = this.#options;
    const { handle, file } = this.#in as { handle: FileHandle; file: string };
    const most = until?.file === file ? until.offset - this.#offset : chunkBytes;
    if (most <= 0) return undefined;
    const chunk = Buffer.allocUnsafe(Math.min(chunkBytes, most));
    const { bytesRead } = await handle.read(chunk, 0, chunk.length, this.#offset);
    this.#offset += bytesRead;
    return chunk.subarray(0, bytesRead);
  }

  #linesOf(bytes: Buffer): LogLine[] {
    const all = this.#rest.length === 0 ? bytes : Buffer.concat([this.#rest, bytes]);
    const last = all.lastIndexOf(newline);
    const end = last === -1 && all.length >= longestBytes ? all.length : last + 1;
    this.#rest = all.subarray(end);
    if (end === 0) return [];
    const text = all.toString('utf8', 0, last === -1 ? end : last);
    return text.split('\n').map((line) => this.#decode(line));
  }

  #decode(line: string): LogLine {
    const decoded = decodeLine(this.#log, line, this.#lastAt);
    this.#lastAt = decoded.at;
    return decoded;
  }

  /** Another file has its name: read to the end once more, then go on in the next one. */
  async #lookWhetherPutAside(): Promise<boolean> {
    const { handle, file } = this.#in as { handle: FileHandle; file: string };
    const [newest] = await filesOf(this.#directory, this.#log);
    if (newest?.file !== file) {
      this.#isPutAside = newest !== undefined;
      return this.#isPutAside;
    }
    if ((await handle.stat()).size >= this.#offset) return false;
    // Somebody has emptied it.
    this.#offset = 0;
    this.#rest = Buffer.alloc(0);
    return true;
  }

  /** Goes to the next newer file, or to the first one; false: there is none. */
  async #enter(): Promise<boolean> {
    for (;;) {
      const entry = this.#nextOf(await filesOf(this.#directory, this.#log));
      if (entry === undefined) return false;
      const handle = await openEntry(entry);
      if (handle === undefined) continue;
      const isFirst = this.#in === undefined;
      // The old one is open until now: no new file can have been taken for it.
      await this.close();
      this.#in = { handle, file: fileState(await handle.stat({ bigint: true })).file };
      this.#offset = isFirst ? await this.#startIn(handle, entry.file) : 0;
      this.#isPutAside = false;
      return true;
    }
  }

  async #startIn(handle: FileHandle, file: string): Promise<number> {
    const { from, since } = this.#options;
    if (from?.file === file) return from.offset;
    return since === undefined ? 0 : startSince(handle, since);
  }

  /** Of the files of the log, the newest first. */
  #nextOf(entries: readonly LogFileEntry[]): LogFileEntry | undefined {
    const { from, since = 0 } = this.#options;
    const isAt = (file: string | undefined): number => entries.findLastIndex((each) => each.file === file);
    if (this.#in === undefined) {
      const told = isAt(from?.file);
      return told === -1 ? entries.findLast(({ changedAt }) => changedAt >= since) : entries[told];
    }
    const here = isAt(this.#in.file);
    return here === -1
      ? entries.at(-1)
      : entries.slice(0, here).findLast(({ file }) => file !== this.#in?.file);
  }
}
