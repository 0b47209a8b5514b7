/** Reads one log backwards, over all its files: for its last lines, however long it is. */
import { Buffer } from 'node:buffer';
import type { FileHandle } from 'node:fs/promises';
import { newline } from './line-cutter.ts';
import { endOfLines, filesOf, type LogFileEntry, type LogPosition, openEntry } from './log-files.ts';
import { decodeLine } from './log-format.ts';
import type { LogLine } from './log-line.ts';

const blockBytes = 64 * 1024;

/** Its lines, the last one first; from this position on, by default from its end. Throws what the file system throws. */
export async function* readBack(directory: string, log: string, end?: LogPosition): AsyncGenerator<LogLine> {
  let lastAt = 0;
  let seen: string | undefined;
  for (;;) {
    const entry = olderThan(seen, await filesOf(directory, log), end);
    if (entry === undefined) return;
    const handle = await openEntry(entry);
    if (handle === undefined) continue;
    seen = entry.file;
    try {
      const from = end?.file === entry.file ? end.offset : await endOfLines(handle);
      for await (const line of linesBack(handle, from)) {
        const decoded = decodeLine(log, line, lastAt);
        lastAt = decoded.at;
        yield decoded;
      }
    } finally {
      await handle.close();
    }
  }
}

function olderThan(
  seen: string | undefined,
  entries: readonly LogFileEntry[],
  end: LogPosition | undefined,
): LogFileEntry | undefined {
  if (seen !== undefined) {
    const here = entries.findLastIndex(({ file }) => file === seen);
    return here === -1 ? undefined : entries[here + 1];
  }
  return entries.find(({ file }) => file === end?.file) ?? entries[0];
}

async function* linesBack(handle: FileHandle, end: number): AsyncGenerator<string> {
  /** The end of a line whose start is further up. */
  let rest: Buffer = Buffer.alloc(0);
  for (let position = end; position > 0; ) {
    const start = Math.max(0, position - blockBytes);
    const block = Buffer.allocUnsafe(position - start);
    const { bytesRead } = await handle.read(block, 0, block.length, start);
    // Somebody has emptied it.
    if (bytesRead < block.length) return;
    const all = Buffer.concat([block, rest]);
    const first = start === 0 ? 0 : all.indexOf(newline) + 1;
    rest = all.subarray(0, first);
    if (first < all.length)
      yield* all
        .toString('utf8', first, all.length - 1)
        .split('\n')
        .reverse();
    position = start;
  }
}
