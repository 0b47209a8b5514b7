/**
 * The file of one log, which is put aside when it is full.
 *
 *   closed --open--> open --full, at the end of a line--> closed, renamed, open again
 *     ^----- a write failed; another file, or none, is there now -----|
 *
 * With no space left it stays open, in the midst of a line where need be: the next write goes on at that byte.
 */
import { Buffer } from 'node:buffer';
import type { Clock } from '../../base/clock.ts';
import { newline } from './line-cutter.ts';
import type { LogDisk, LogDiskFile } from './log-disk.ts';
import { logFile } from './log-names.ts';
import { rotate } from './rotate.ts';

export interface LogFileSettings {
  /** Of one file. A line that is longer has a file of its own. */
  maxBytes: number;
  /** With the one that is written to. */
  files: number;
}

/** How often it is looked whether the file is still the one at its path, in milliseconds: somebody may have moved it. */
const lookMs = 1000;

export class LogFile {
  settings: LogFileSettings;
  readonly #directory: string;
  readonly #log: string;
  readonly #disk: LogDisk;
  readonly #clock: Clock;
  #open: { handle: LogDiskFile; file: string; sizeBytes: number; lookedAt: number } | undefined;
  #atLineEnd = true;

  constructor(directory: string, log: string, settings: LogFileSettings, disk: LogDisk, clock: Clock) {
    this.settings = settings;
    this.#directory = directory;
    this.#log = log;
    this.#disk = disk;
    this.#clock = clock;
  }

  get isOpen(): boolean {
    return this.#open !== undefined;
  }

  /** `torn`: its last line had no end, and was given one. Throws what the file system throws. */
  async open(): Promise<{ torn: boolean }> {
    await this.#disk.makeDirectory(this.#directory);
    const handle = await this.#disk.open(this.#path);
    try {
      const torn = ((await handle.lastByte()) ?? newline) !== newline;
      if (torn) await handle.append(Buffer.of(newline), 0);
      this.#open = { handle, ...(await handle.state()), lookedAt: this.#clock.now() };
      this.#atLineEnd = true;
      return { torn };
    } catch (error) {
      await handle.close().catch(() => {});
      throw error;
    }
  }

  /**
   * Writes some of these lines, from the offset on, and says how many bytes: none where the file has to be opened first.
   * Throws what the file system throws.
   */
  async append(lines: Buffer, offset: number): Promise<number> {
    if (this.#open === undefined || !(await this.#isStillThere())) return 0;
    const { handle, sizeBytes } = this.#open;
    const end = this.#endOfFitting(lines, offset, sizeBytes);
    if (end === offset) {
      await this.#rotate();
      return 0;
    }
    try {
      const written = await handle.append(lines.subarray(0, end), offset);
      this.#open.sizeBytes += written;
      if (written > 0) this.#atLineEnd = lines[offset + written - 1] === newline;
      return written;
    } catch (error) {
      if (!isFull(error)) await this.close();
      throw error;
    }
  }

  async close(): Promise<void> {
    const open = this.#open;
    this.#open = undefined;
    await open?.handle.close().catch(() => {});
  }

  get #path(): string {
    return logFile(this.#directory, this.#log, 0);
  }

  /** How far the lines from the offset on fit into the file; the offset: it is full. */
  #endOfFitting(lines: Buffer, offset: number, sizeBytes: number): number {
    const room = this.settings.maxBytes - sizeBytes;
    if (lines.length - offset <= room) return lines.length;
    const fitting = room <= 0 ? 0 : lines.lastIndexOf(newline, offset + room - 1) + 1;
    if (fitting > offset) return fitting;
    return this.#atLineEnd && sizeBytes > 0 ? offset : lines.indexOf(newline, offset) + 1;
  }

  async #rotate(): Promise<void> {
    await this.close();
    await rotate(this.#disk, (age) => logFile(this.#directory, this.#log, age), this.settings.files);
  }

  async #isStillThere(): Promise<boolean> {
    const open = this.#open;
    if (open === undefined) return false;
    if (!this.#atLineEnd || this.#clock.now() - open.lookedAt < lookMs) return true;
    open.lookedAt = this.#clock.now();
    const there = await this.#disk.identify(this.#path);
    // It may also have been emptied.
    if (there?.file === open.file) open.sizeBytes = there.sizeBytes;
    else await this.close();
    return this.#open !== undefined;
  }
}

function isFull(error: unknown): boolean {
  return ['ENOSPC', 'EDQUOT'].includes((error as NodeJS.ErrnoException).code ?? '');
}
