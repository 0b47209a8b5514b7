/** What is written to logs from now on. */
import { type FSWatcher, watch } from 'node:fs';
import { type Clock, systemClock } from '../../base/clock.ts';
import { pause } from '../../base/pause.ts';
import { type LogPosition, logNames } from './log-files.ts';
import type { LogLine } from './log-line.ts';
import { logOfFile } from './log-names.ts';
import { LogReader } from './log-reader.ts';

export interface FollowLogsOptions {
  /** Default: all, also those that begin later. */
  logs?: ReadonlySet<string> | undefined;
  /** Where each begins. Default: at its start. */
  from?: ReadonlyMap<string, LogPosition> | undefined;
  /** Ends it, without an error. */
  signal?: AbortSignal | undefined;
  clock?: Clock | undefined;
}

/** How often files are looked at though nothing was heard of them, in milliseconds: not every file system tells. */
const sweepMs = 1000;
const unwatchedSweepMs = 200;

/** Lines of one log come in their order; those of several, in the order of their times as far as they are found together. */
export async function* followLogs(
  directory: string,
  { logs, from, signal, clock = systemClock }: FollowLogsOptions = {},
): AsyncGenerator<LogLine> {
  const readers = new Map<string, LogReader>();
  const touched = new TouchedLogs(directory);
  // Also where nobody asks for another line.
  const close = (): void => touched.close();
  signal?.addEventListener('abort', close);
  const isOver = (): boolean => signal?.aborted === true;
  try {
    while (!isOver()) {
      const { all, names } = touched.take();
      const meant = all ? await namesOf(directory, logs, readers) : names;
      const lines: LogLine[] = [];
      for (const name of meant) {
        if (logs?.has(name) === false) continue;
        const reader = readers.get(name) ?? new LogReader(directory, name, { from: from?.get(name) });
        readers.set(name, reader);
        const next = await reader.next();
        if (next.length > 0) touched.add(name);
        lines.push(...next);
      }
      // Stable: lines of one log stay in their order where the clock has been set back.
      for (const line of readers.size > 1 ? lines.sort((a, b) => a.at - b.at) : lines) {
        if (isOver()) return;
        yield line;
      }
      await touched.wait(clock, signal);
    }
  } finally {
    signal?.removeEventListener('abort', close);
    touched.close();
    await Promise.all([...readers.values()].map((reader) => reader.close()));
  }
}

/** From this position on, by default from its start: the lines of one log, until the signal fires. */
export function followLines(
  directory: string,
  log: string,
  from: LogPosition | undefined,
  { signal, clock }: { signal?: AbortSignal | undefined; clock?: Clock | undefined } = {},
): AsyncGenerator<LogLine> {
  return followLogs(directory, {
    logs: new Set([log]),
    from: new Map(from === undefined ? [] : [[log, from]]),
    signal,
    clock,
  });
}

async function namesOf(
  directory: string,
  logs: ReadonlySet<string> | undefined,
  readers: ReadonlyMap<string, LogReader>,
): Promise<Set<string>> {
  return new Set([...readers.keys(), ...(logs ?? (await logNames(directory)))]);
}

/** Whose files have changed. */
class TouchedLogs {
  #names = new Set<string>();
  #all = true;
  #watcher: FSWatcher | undefined;
  #wake: AbortController | undefined;
  readonly #directory: string;

  constructor(directory: string) {
    this.#directory = directory;
  }

  take(): { all: boolean; names: Set<string> } {
    // Before files are looked at, so that nothing falls in between.
    this.#watch();
    const taken = { all: this.#all, names: this.#names };
    this.#names = new Set();
    this.#all = false;
    return taken;
  }

  add(name: string): void {
    this.#names.add(name);
    this.#wake?.abort();
  }

  async wait(clock: Clock, signal: AbortSignal | undefined): Promise<void> {
    if (this.#names.size > 0 || this.#all || signal?.aborted === true) return;
    const wake = new AbortController();
    this.#wake = wake;
    const both = signal === undefined ? wake.signal : AbortSignal.any([wake.signal, signal]);
    await pause(this.#watcher === undefined ? unwatchedSweepMs : sweepMs, clock, both);
    this.#wake = undefined;
    if (!wake.signal.aborted) this.#all = true;
  }

  close(): void {
    this.#watcher?.close();
    this.#watcher = undefined;
  }

  #watch(): void {
    if (this.#watcher !== undefined) return;
    try {
      this.#watcher = watch(this.#directory, (_, file) => {
        const of = file === null ? undefined : logOfFile(file);
        if (of !== undefined) this.add(of.log);
      });
      this.#watcher.on('error', () => this.close());
    } catch {
      // Not there yet, or the system has no watch left.
    }
  }
}
