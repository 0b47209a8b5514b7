/** What `kindred logs` shows: the lines of several logs, in the order of their times. */
import { type Clock, systemClock } from '../../base/clock.ts';
import { followLogs } from './follow-logs.ts';
import { endOfLog, type LogPosition, logNames } from './log-files.ts';
import type { LogLine, LogQuery } from './log-line.ts';
import { LogReader } from './log-reader.ts';
import { merge } from './merge.ts';
import { readBack } from './read-back.ts';

export interface ReadLogsOptions {
  /** Ends it, without an error. */
  signal?: AbortSignal | undefined;
  clock?: Clock | undefined;
}

/**
 * The lines of the logs of a directory that a query asks for, the oldest first. With `follow`, those that are written
 * meanwhile come as they are found, also of logs that begin later, and over files that are put aside. No file is held as a
 * whole; with `tail` so many lines are. Throws what the file system throws, but not for a directory that is not there (yet).
 */
export async function* readLogs(
  directory: string,
  query: LogQuery = {},
  { signal, clock = systemClock }: ReadLogsOptions = {},
): AsyncGenerator<LogLine> {
  const names = query.logs ?? (await logNames(directory));
  const ends = new Map<string, LogPosition>();
  for (const name of names) {
    const end = await endOfLog(directory, name);
    if (end !== undefined) ends.set(name, end);
  }
  const isAsked = filterOf(query);
  if (query.tail === undefined) yield* readForward(directory, ends, query.since, isAsked, signal);
  else yield* await readTail(directory, ends, query.tail, query.since ?? 0, isAsked, signal);
  if (query.follow !== true) return;
  const logs = query.logs === undefined ? undefined : new Set(query.logs);
  for await (const line of followLogs(directory, { logs, from: ends, signal, clock }))
    if (isAsked(line)) yield line;
}

/**
 * The last lines of one log: for whoever tells why a service has failed. At most so many, the oldest first. Throws what the
 * file system throws.
 */
export async function lastLines(
  directory: string,
  log: string,
  {
    lines,
    stream,
    since = 0,
  }: { lines: number; stream?: 'out' | 'err' | undefined; since?: number | undefined },
): Promise<LogLine[]> {
  const found: LogLine[] = [];
  if (lines <= 0) return found;
  for await (const line of readBack(directory, log)) {
    if (line.at < since) break;
    if (stream === undefined || line.stream === stream) found.push(line);
    if (found.length >= lines) break;
  }
  return found.reverse();
}

function filterOf({ since = 0, grep }: LogQuery): (line: LogLine) => boolean {
  // One that remembers where it was (`g`, `y`) would miss every second line.
  const pattern = grep === undefined ? undefined : new RegExp(grep.source, grep.flags.replace(/[gy]/g, ''));
  return ({ at, text }) => at >= since && (pattern === undefined || pattern.test(text));
}

/** What the readers of all logs together hold. */
const allChunksBytes = 4 * 1024 * 1024;

async function* readForward(
  directory: string,
  ends: ReadonlyMap<string, LogPosition>,
  since: number | undefined,
  isAsked: (line: LogLine) => boolean,
  signal: AbortSignal | undefined,
): AsyncGenerator<LogLine> {
  const chunkBytes = Math.max(4096, Math.min(64 * 1024, Math.floor(allChunksBytes / ends.size)));
  const readers = [...ends].map(
    ([log, until]) => new LogReader(directory, log, { since, until, chunkBytes }),
  );
  try {
    const sources = readers.map((reader) => async () => {
      for (;;) {
        const lines = await reader.next();
        const asked = lines.filter(isAsked);
        if (lines.length === 0 || asked.length > 0) return asked;
        if (signal?.aborted === true) return [];
      }
    });
    for await (const line of merge(sources, (a, b) => a.at - b.at)) {
      if (signal?.aborted === true) return;
      yield line;
    }
  } finally {
    await Promise.all(readers.map((reader) => reader.close()));
  }
}

async function readTail(
  directory: string,
  ends: ReadonlyMap<string, LogPosition>,
  count: number,
  since: number,
  isAsked: (line: LogLine) => boolean,
  signal: AbortSignal | undefined,
): Promise<LogLine[]> {
  const tail: LogLine[] = [];
  if (count <= 0) return tail;
  const readers = [...ends].map(([log, end]) => readBack(directory, log, end));
  try {
    const sources = readers.map((reader) => async () => {
      for (;;) {
        const { value, done } = await reader.next();
        if (done === true || value.at < since || signal?.aborted === true) return [];
        if (isAsked(value)) return [value];
      }
    });
    for await (const line of merge(sources, (a, b) => b.at - a.at)) {
      tail.push(line);
      if (tail.length >= count) break;
    }
  } finally {
    await Promise.all(readers.map((reader) => reader.return(undefined)));
  }
  return tail.reverse();
}
