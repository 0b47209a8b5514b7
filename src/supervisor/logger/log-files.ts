/** The files of a log that are there, while a logger may be putting them aside. */
import { type FileHandle, open, readdir, stat } from 'node:fs/promises';
import { newline } from './line-cutter.ts';
import { fileState } from './log-disk.ts';
import { logFile, logOfFile } from './log-names.ts';

export interface LogFileEntry {
  path: string;
  /** Tells the file from every other one, whatever it is called by now. */
  file: string;
  sizeBytes: number;
  /** When it was last written to: wall clock, milliseconds since 1970. */
  changedAt: number;
}

/** A place in a log, plain data: it stays right when files are put aside. */
export interface LogPosition {
  file: string;
  offset: number;
}

/** The names of all logs of a directory, in alphabetical order; none where it is not there. */
export async function logNames(directory: string): Promise<string[]> {
  const files = await namesIn(directory);
  return [...new Set(files.flatMap((file) => logOfFile(file)?.log ?? []))].sort();
}

/** The newest first. A file that is renamed meanwhile may come twice, and none is missing. */
export async function filesOf(directory: string, log: string): Promise<LogFileEntry[]> {
  const ages = (await namesIn(directory))
    .flatMap((file) => logOfFile(file) ?? [])
    .filter((each) => each.log === log)
    .map(({ age }) => age);
  // What the oldest is called next, should it be renamed now.
  const oldest = Math.max(-1, ...ages);
  const entries: LogFileEntry[] = [];
  for (const age of [...new Set([0, ...ages, oldest + 1])].sort((a, b) => a - b)) {
    const path = logFile(directory, log, age);
    const stats = await unlessGone(stat(path, { bigint: true }));
    if (stats !== undefined) entries.push({ path, ...fileState(stats), changedAt: Number(stats.mtimeMs) });
  }
  return entries;
}

/** Opens exactly this file; undefined: it has another name by now, or is gone. */
export async function openEntry({ path, file }: LogFileEntry): Promise<FileHandle | undefined> {
  const handle = await unlessGone(open(path, 'r'));
  if (handle === undefined || fileState(await handle.stat({ bigint: true })).file === file) return handle;
  await handle.close();
  return undefined;
}

/** Where a log ends now: behind its last whole line. Undefined: there is no file of it. */
export async function endOfLog(directory: string, log: string): Promise<LogPosition | undefined> {
  for (;;) {
    const [newest] = await filesOf(directory, log);
    if (newest === undefined) return undefined;
    const handle = await openEntry(newest);
    if (handle === undefined) continue;
    try {
      return { file: newest.file, offset: await endOfLines(handle) };
    } finally {
      await handle.close();
    }
  }
}

const blockBytes = 64 * 1024;

/** Behind the last newline of a file. */
export async function endOfLines(handle: FileHandle): Promise<number> {
  const block = Buffer.allocUnsafe(blockBytes);
  for (let end = (await handle.stat()).size; end > 0; ) {
    const start = Math.max(0, end - blockBytes);
    const { bytesRead } = await handle.read(block, 0, end - start, start);
    const last = bytesRead === 0 ? -1 : block.subarray(0, bytesRead).lastIndexOf(newline);
    if (last !== -1) return start + last + 1;
    end = start;
  }
  return 0;
}

async function namesIn(directory: string): Promise<string[]> {
  return (await unlessGone(readdir(directory))) ?? [];
}

async function unlessGone<T>(found: Promise<T>): Promise<T | undefined> {
  try {
    return await found;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}
