/** Many logs: reads their FIFOs, and writes their files. The process around it is `logger-main.ts`. */
import { Buffer } from 'node:buffer';
import { type Clock, systemClock } from '../../base/clock.ts';
import type { LoggerOrders, KeptLog as LogOrder } from '../keeper/logger-orders.ts';
import { Budget, Turns } from './bounds.ts';
import { KeptLog, type LogSurroundings } from './kept-log.ts';
import { type LogDisk, systemLogDisk } from './log-disk.ts';
import { checkLogName } from './log-names.ts';
import { type LogSource, lineBytes } from './log-source.ts';

export interface LoggerOptions {
  /** Where the files are; made where it is missing, for its owner alone. */
  directory: string;
  disk?: LogDisk | undefined;
  clock?: Clock | undefined;
  /** Milliseconds since 1970. */
  wallClock?: (() => number) | undefined;
}

export interface Logger extends LoggerOrders {
  /**
   * Throws `ERR_NOT_REACHABLE` where a pipe cannot be opened, and `ERR_BAD_ARGUMENT` for a name that cannot be a file's; the
   * other logs are read all the same. A file that cannot be written is no error: its pipes are drained, and the lines counted.
   */
  open(logs: readonly LogOrder[]): Promise<void>;
  /** Resolves after 4 s in any case. */
  close(names: readonly string[]): Promise<void>;
  /**
   * Resolves when all that was in the pipes (of these logs; default: of all) is in the files, or dropped and counted; after
   * 4 s in any case.
   */
  flush(names?: readonly string[]): Promise<void>;
  /** How many logs are open. */
  readonly count: number;
  /** Closes every log. */
  end(): Promise<void>;
}

/** What waits to be written, of all logs. */
const budgetBytes = 16 * 1024 * 1024;
/** What all FIFOs together may give with one read each. */
const allReadsBytes = 4 * 1024 * 1024;
const leastReadBytes = 4096;
/** Logs that write at the same time: more would only wait for the threads that do it. */
const writers = 8;
const sweepMs = 100;
/** After a small read. */
const pauseMs = 10;
/** Less than a keeper that is gone, or waits for it, leaves it. */
const flushMs = 4000;

export function createLogger({
  directory,
  disk = systemLogDisk,
  clock = systemClock,
  wallClock = Date.now,
}: LoggerOptions): Logger {
  const logs = new Map<string, KeptLog>();
  const busy = new Set<KeptLog>();
  let isSweeping = false;
  const paused = new Set<LogSource>();

  const sweep = (): void => {
    for (const log of busy) if (!log.sweep()) busy.delete(log);
    isSweeping = busy.size > 0;
    if (isSweeping) clock.after(sweepMs, sweep);
  };
  const resumePaused = (): void => {
    const due = [...paused];
    paused.clear();
    for (const source of due) source.resume(false);
  };
  const around: LogSurroundings = {
    directory,
    disk,
    clock,
    wallClock,
    budget: new Budget(budgetBytes),
    turns: new Turns(writers),
    scratch: Buffer.allocUnsafeSlow(lineBytes),
    readBytes: () =>
      Math.max(leastReadBytes, Math.min(lineBytes, Math.floor(allReadsBytes / (2 * logs.size)))),
    resumeSoon(source) {
      if (paused.size === 0) clock.after(pauseMs, resumePaused);
      paused.add(source);
    },
    onBusy(log) {
      busy.add(log);
      if (isSweeping) return;
      isSweeping = true;
      clock.after(sweepMs, sweep);
    },
  };
  const drop = async (name: string): Promise<void> => {
    const log = logs.get(name);
    if (log === undefined) return;
    logs.delete(name);
    await within(clock, (signal) => log.close(signal));
  };

  const open = async (order: LogOrder): Promise<void> => {
    checkLogName(order.name);
    const log = logs.get(order.name);
    if (log?.reads(order) === true) return log.configure(order);
    await drop(order.name);
    logs.set(order.name, new KeptLog(order, around));
  };

  return {
    async open(orders) {
      const results = await Promise.allSettled(orders.map(open));
      for (const result of results) if (result.status === 'rejected') throw result.reason;
    },
    async close(names) {
      await Promise.all(names.map(drop));
    },
    async flush(names) {
      const meant = [...logs].filter(([name]) => names === undefined || names.includes(name));
      await within(clock, (signal) => Promise.all(meant.map(([, log]) => log.flush(signal))));
    },
    get count() {
      return logs.size;
    },
    async end() {
      await Promise.all([...logs.keys()].map(drop));
    },
  };
}

async function within(clock: Clock, work: (signal: AbortSignal) => Promise<unknown>): Promise<void> {
  const late = new AbortController();
  const timer = clock.after(flushMs, () => late.abort());
  try {
    await work(late.signal);
  } finally {
    timer.cancel();
  }
}
