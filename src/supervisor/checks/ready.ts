/**
 * When a process counts as ready. Some ways have to be prepared before it is started (a descriptor, a socket whose name it is
 * told), so that there are two steps; whoever takes over a process that runs already does both, and starts nothing.
 *
 * ```
 *   planReady() -> (start it, with `env` and `lines`) -> watch(entry) --ready--> 'ready'
 *                                                            \------signal-----> 'cancelled'
 * ```
 */
import { statSync } from 'node:fs';
import { resolve } from 'node:path';
import { type Clock, systemClock } from '../../base/clock.ts';
import { pause } from '../../base/pause.ts';
import type { ProcessEntry, StartSpec } from '../keeper/keeper.ts';
import { readLogs } from '../logger/read-logs.ts';
import type { ReadyBy, ReadySpec } from '../stack/stack.ts';
import { openNotifySocket } from './notify-socket.ts';
import { type Answer, type Asking, addressOf, askHttp, askTcp } from './probe.ts';

export interface ReadyPlan {
  /** For `StartSpec`. */
  readonly env: Readonly<Record<string, string>>;
  /** For `StartSpec`. */
  readonly lines: StartSpec['lines'];
  /** For `StartSpec`: the keeper hears it, and tells. */
  readonly readyLine?: StartSpec['readyLine'];
  /** Waits, for as long as it takes: the deadline is the caller's. Where the process has ended, too. */
  watch(entry: ProcessEntry, options: WatchReadyOptions): Promise<'ready' | 'cancelled'>;
  /** Puts away what was opened. To be called also where nothing was started. */
  close(): void;
}

export interface WatchReadyOptions {
  /** Where the logger writes its files. */
  logDirectory: string;
  signal: AbortSignal;
  clock?: Clock | undefined;
}

export interface AboutReady {
  /** Of the process: `web.1#4`. */
  id: string;
  /** Of the keeper's files: a socket of its own may be made there. */
  directory: string;
  /** That it runs as. Default: the user of this process. */
  user?: string | number | undefined;
  /** With what it was started, where it runs already. */
  env?: Readonly<Record<string, string>> | undefined;
}

/** Default where it is not said, in milliseconds. */
export const defaultReadyMs = 30_000;

/** How long it may take. */
export function readyMs(spec: ReadySpec | undefined): number {
  return (typeof spec === 'object' ? spec.timeoutMs : undefined) ?? defaultReadyMs;
}

/** Throws `ERR_BAD_CONFIG` where this machine cannot do it: `notify` needs `socat`. */
export async function planReady(spec: ReadySpec | undefined, about: AboutReady): Promise<ReadyPlan> {
  const by: ReadyBy = spec === undefined ? { by: 'start' } : typeof spec === 'string' ? { by: spec } : spec;
  if ('by' in by && by.by === 'notify') {
    const socket = await openNotifySocket({ ...about, told: about.env?.['NOTIFY_SOCKET'] });
    return {
      env: { NOTIFY_SOCKET: socket.path },
      lines: [],
      watch: (_entry, { signal }) => untilReady(signal, (ready) => void socket.ready.then(ready)),
      close: () => socket.close(),
    };
  }
  const readyLine = lineOf(by);
  const lines = readyLine === undefined ? [] : [{ to: readyLine }];
  return { env: {}, lines, readyLine, watch: watcherOf(by), close() {} };
}

function lineOf(by: ReadyBy): StartSpec['readyLine'] {
  if ('fd' in by) return by.fd;
  return 'by' in by && (by.by === 'call' || by.by === 'listen') ? 'ready' : undefined;
}

function watcherOf(by: ReadyBy): ReadyPlan['watch'] {
  if ('tcp' in by) {
    const address = addressOf(by.tcp);
    return (_entry, options) => askAgain((asking) => askTcp(address, asking), options);
  }
  if ('http' in by) return (_entry, options) => askAgain((asking) => askHttp(by.http, asking), options);
  if ('output' in by) return (entry, options) => onOutput(entry, by.output, options);
  if ('file' in by) return (entry, options) => onFile(entry, by.file, options);
  if ('fd' in by || by.by === 'call' || by.by === 'listen')
    return ({ readyAt }, { signal }) =>
      untilReady(signal, (ready) => {
        // Else whoever hears the keeper's events is told.
        if (readyAt !== undefined) ready();
      });
  return async () => 'ready';
}

/** Resolves when `begin` has called back, or the signal fires. */
function untilReady(
  signal: AbortSignal,
  begin: (ready: () => void, inner: AbortSignal) => void,
): Promise<'ready' | 'cancelled'> {
  if (signal.aborted) return Promise.resolve('cancelled');
  return new Promise((resolve, reject) => {
    const inner = new AbortController();
    const settle = (how: 'ready' | 'cancelled'): void => {
      signal.removeEventListener('abort', onAbort);
      inner.abort();
      resolve(how);
    };
    const onAbort = (): void => settle('cancelled');
    signal.addEventListener('abort', onAbort, { once: true });
    try {
      begin(() => settle('ready'), inner.signal);
    } catch (error) {
      signal.removeEventListener('abort', onAbort);
      reject(error);
    }
  });
}

async function onOutput(
  { spec, startedAt }: ProcessEntry,
  wanted: string | RegExp,
  { logDirectory, signal, clock }: WatchReadyOptions,
): Promise<'ready' | 'cancelled'> {
  const isMeant = (text: string): boolean => {
    if (typeof wanted === 'string') return text.includes(wanted);
    // One that is global remembers where it was.
    wanted.lastIndex = 0;
    return wanted.test(text);
  };
  const query = { logs: [spec.log], since: startedAt, follow: true };
  for await (const { stream, text } of readLogs(logDirectory, query, { signal, clock }))
    if (stream !== 'note' && isMeant(text)) return 'ready';
  return 'cancelled';
}

/** How often is asked what nobody tells, in milliseconds. */
const askEveryMs = 100;
const askTimeoutMs = 1000;

async function askAgain(
  ask: (asking: Asking) => Promise<Answer>,
  { signal, clock = systemClock }: WatchReadyOptions,
): Promise<'ready' | 'cancelled'> {
  while (!signal.aborted) {
    const { ok } = await ask({ signal, timeoutMs: askTimeoutMs });
    if (ok) return 'ready';
    if (!signal.aborted) await pause(askEveryMs, clock, signal);
  }
  return 'cancelled';
}

function onFile(
  { startedAt, spec }: ProcessEntry,
  file: string,
  options: WatchReadyOptions,
): Promise<'ready' | 'cancelled'> {
  const path = resolve(spec.cwd, file);
  return askAgain(async () => ({ ok: isNewer(path, startedAt), text: '' }), options);
}

/** File systems count the time less finely than the clock does. */
const coarsenessMs = 20;

function isNewer(path: string, startedAt: number): boolean {
  const stat = statSync(path, { throwIfNoEntry: false });
  return stat !== undefined && stat.mtimeMs >= startedAt - coarsenessMs;
}
