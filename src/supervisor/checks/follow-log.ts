/** The lines that one log of a service gets, from a moment on. */
import { closeSync, openSync, readSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { type Clock, systemClock } from '../../base/clock.ts';
import { pause } from '../../base/pause.ts';

/** How often the file is looked at, in milliseconds, and how much of it is read at a time. */
const lookEveryMs = 50;
const chunkBytes = 64 * 1024;

/** Hears of each line that is not older than `since` (wall clock, milliseconds), until the signal fires. */
export async function followLog(
  directory: string,
  log: string,
  since: number,
  signal: AbortSignal,
  onText: (text: string) => void,
  clock: Clock = systemClock,
): Promise<void> {
  const path = join(directory, `${log}.log`);
  const chunk = Buffer.allocUnsafe(chunkBytes);
  let file: { inode: number; at: number; rest: Buffer[] } | undefined;
  while (!signal.aborted) {
    const stat = statSync(path, { throwIfNoEntry: false });
    if (stat !== undefined) {
      // Another file has come in its place: it is read from its start.
      if (file?.inode !== stat.ino || stat.size < file.at) file = { inode: stat.ino, at: 0, rest: [] };
      if (stat.size > file.at) {
        const bytes = readAt(path, chunk, file.at);
        file.at += bytes;
        const text = Buffer.concat([...file.rest, chunk.subarray(0, bytes)]);
        const end = text.lastIndexOf(10);
        file.rest = text.length - end - 1 > chunkBytes ? [] : [Buffer.from(text.subarray(end + 1))];
        for (const line of text
          .subarray(0, end + 1)
          .toString('utf8')
          .split('\n')) {
          const said = readLine(line);
          if (said !== undefined && said.at >= since && !signal.aborted) onText(said.text);
        }
        if (bytes === chunk.length) continue;
      }
    }
    await pause(lookEveryMs, clock, signal);
  }
}

function readAt(path: string, into: Buffer, at: number): number {
  const fd = openSync(path, 'r');
  try {
    return readSync(fd, into, 0, into.length, at);
  } finally {
    closeSync(fd);
  }
}

/** `2026-01-02T03:04:05.678Z out text`, or the same as an object. What the logger says itself does not count. */
function readLine(line: string): { at: number; text: string } | undefined {
  const [, time = '', text] = /^(\d{4}-[\d:T.-]+Z) (?:out|err) (.*)$/s.exec(line) ?? [];
  if (text !== undefined) return { at: Date.parse(time), text };
  if (!line.startsWith('{')) return undefined;
  try {
    const said = JSON.parse(line) as { at?: unknown; stream?: unknown; text?: unknown };
    if (said.stream === 'note' || typeof said.text !== 'string') return undefined;
    return { at: typeof said.at === 'number' ? said.at : Date.parse(String(said.at)), text: said.text };
  } catch {
    return undefined;
  }
}
