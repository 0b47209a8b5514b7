/**
 * A process that outlives whoever started it, and the terminal: in a session of its own, its output in files.
 *
 * ```
 *   starting --READY=1 on the line--------------------------> ready    (what is returned; nothing ties the two any more)
 *   starting --exit, end of the line, time, signal fired----> failed   (its whole group is killed, its pid file removed)
 * ```
 */
import { basename, resolve } from 'node:path';
import type { Readable } from 'node:stream';
import { fileURLToPath } from 'node:url';
import { type Clock, systemClock, type Timer } from '../base/clock.ts';
import { KindredError } from '../base/errors.ts';
import type { AnyChild } from './child.ts';
import { type DaemonLogs, openLogs } from './daemon-logs.ts';
import { inheritedEnv } from './environment.ts';
import type { Exit } from './outcome.ts';
import { alreadyRunning, holderOf, type PidFile, writePidFile } from './pid-file.ts';
import type { UserOptions } from './plan-user.ts';
import { identityOfProcess, type ProcessIdentity } from './process-identity.ts';
import { pidFileVariable, readyLine, readyVariable } from './ready.ts';
import { spawn } from './spawn.ts';

/** `user` and `group`: as for `spawn`. Its files and its pid file are opened by this process. */
export interface DaemonOptions extends UserOptions {
  /** Default `/`: a daemon keeps no file system busy. */
  cwd?: string | URL | undefined;
  /** Exact where it is given. Default: that of this process. */
  env?: NodeJS.ProcessEnv | undefined;
  /** A file that its stdout is appended to. Default: nowhere. */
  stdout?: string | undefined;
  /** The same for its stderr. Default: the file of `stdout`. */
  stderr?: string | undefined;
  /** Of these files, where they are made. Default 0o600. */
  mode?: number | undefined;
  /** Holds its pid, as `writePidFile` does. */
  pidFile?: string | undefined;
  /** How long it may take until it says that it is ready, in milliseconds. Default 30,000. */
  readyTimeoutMs?: number | undefined;
  /** Gives up waiting, and ends it. */
  signal?: AbortSignal | undefined;
  /** Flags of Node.js, for a module. Default: those of this process. */
  execArgv?: readonly string[] | undefined;
}

/** A daemon that is ready. */
export interface Daemon {
  readonly pid: number;
  /** To know it again by. */
  readonly identity: ProcessIdentity;
}

/**
 * Starts a daemon, and resolves when it has said that it is ready. `file` is a module for Node.js (a URL, or a path that
 * ends in .js, .mjs, .cjs, .ts, .mts or .cts), which calls `ready()`, or a program of another kind, which writes `READY=1`
 * and a newline to the descriptor that the variable `KINDRED_READY` names (`fd:3`).
 *
 * It gets a session of its own, `/` as its directory, stdin from /dev/null, and its output in files. It lives on when this
 * process ends, or its terminal. It must stay in the foreground: that it is not the one that was started would be its end.
 *
 * Throws `ERR_START_FAILED` where it did not become ready: the message has its exit code or signal, or the time that ran out,
 * and the end of its stderr, which are in `data` too; nothing of it is left then. Throws the codes of `spawn` where it cannot
 * be started, `ERR_ALREADY_RUNNING` where a live
 * process holds the pid file, `ERR_CANCELLED` where the signal fired, and what the file system throws for the files.
 */
export async function daemonize(
  file: string | URL,
  args: readonly string[] = [],
  options: DaemonOptions = {},
): Promise<Daemon> {
  return daemonizeIn(file, args, options, systemClock);
}

/** Why it did not become ready. */
type Failure =
  | { kind: 'not started'; error: KindredError }
  | ({ kind: 'ended' } & Exit)
  | { kind: 'line closed' }
  | { kind: 'late'; timeoutMs: number }
  | { kind: 'cancelled'; cause: unknown };

export async function daemonizeIn(
  file: string | URL,
  args: readonly string[],
  options: DaemonOptions,
  clock: Clock,
): Promise<Daemon> {
  const { stdout, stderr = stdout, mode = 0o600, readyTimeoutMs = 30_000, signal } = options;
  const name = basename(String(file));
  if (signal?.aborted) throw failed(name, { kind: 'cancelled', cause: signal.reason });
  const pidFile = options.pidFile === undefined ? undefined : resolve(options.pidFile);
  const holder = pidFile === undefined ? undefined : holderOf(pidFile);
  if (pidFile !== undefined && holder !== undefined) throw alreadyRunning(pidFile, holder);
  const logs = openLogs(stdout, stderr, mode);
  let child: AnyChild | undefined;
  let written: PidFile | undefined;
  try {
    child = start(file, args, options, pidFile, logs);
    const news = newsOf(child, readyTimeoutMs, signal, clock);
    if (child.pid !== undefined && pidFile !== undefined) written = writePidFile(pidFile, { pid: child.pid });
    const failure = await news;
    if (failure !== undefined) throw failed(name, failure, logs.tail());
    const pid = child.pid as number;
    return { pid, identity: identityOfProcess(pid) };
  } catch (error) {
    if (child !== undefined) await killGroup(child, clock);
    written?.remove();
    throw error;
  } finally {
    logs.close();
    if (child !== undefined) letGo(child);
  }
}

function start(
  file: string | URL,
  args: readonly string[],
  options: DaemonOptions,
  pidFile: string | undefined,
  logs: DaemonLogs,
): AnyChild {
  const { cwd = '/', env, execArgv = process.execArgv, user, group } = options;
  const path = pathOf(file);
  const isModule = file instanceof URL || /\.[cm]?[jt]s$/.test(path);
  return spawn(isModule ? process.execPath : path, isModule ? [...execArgv, resolve(path), ...args] : args, {
    cwd,
    user,
    group,
    detached: true,
    windowsHide: true,
    stdio: ['ignore', logs.stdout ?? 'ignore', logs.stderr ?? 'ignore', 'pipe'],
    env: {
      ...(env ?? inheritedEnv()),
      [readyVariable]: `fd:${readyFd}`,
      ...(pidFile === undefined ? {} : { [pidFileVariable]: pidFile }),
    },
  });
}

const readyFd = 3;

/** A path is one from here, not from where the daemon will be; a bare name is looked for along the PATH. */
function pathOf(file: string | URL): string {
  if (file instanceof URL || file.startsWith('file:')) return fileURLToPath(file);
  return /[/\\]/.test(file) ? resolve(file) : file;
}

/** The end of its line says nothing yet: its exit may be about to be told. */
const lingerMs = 1000;

/** Undefined: it is ready. */
function newsOf(
  child: AnyChild,
  timeoutMs: number,
  signal: AbortSignal | undefined,
  clock: Clock,
): Promise<Failure | undefined> {
  return new Promise((resolve) => {
    const settle = (failure?: Failure): void => {
      late.cancel();
      closed?.cancel();
      signal?.removeEventListener('abort', onAbort);
      resolve(failure);
    };
    const late = clock.after(timeoutMs, () => settle({ kind: 'late', timeoutMs }));
    let closed: Timer | undefined;
    const onAbort = (): void => settle({ kind: 'cancelled', cause: signal?.reason });
    signal?.addEventListener('abort', onAbort);
    child.exited.then(
      (exit) => settle({ kind: 'ended', ...exit }),
      (error: KindredError) => settle({ kind: 'not started', error }),
    );
    const line = child.stdio?.[readyFd] as Readable | null | undefined;
    let said = '';
    line?.setEncoding('latin1').on('data', (text: string) => {
      const lines = (said + text).split('\n');
      // No more than could still become the line that is awaited.
      said = (lines.pop() ?? '').slice(0, readyLine.length);
      if (lines.includes(readyLine.trimEnd())) settle();
    });
    line?.on('error', () => {});
    line?.on('end', () => {
      closed = clock.after(lingerMs, () => settle({ kind: 'line closed' }));
      closed.unref();
    });
  });
}

/** Asked to end, and after this time made to, in milliseconds. */
const graceMs = 2000;

/** A daemon leads its process group: what it has started by now ends with it. */
async function killGroup(child: AnyChild, clock: Clock): Promise<void> {
  if (child.pid === undefined) return;
  const { pid } = child;
  if (child.exitCode === null && child.signalCode === null) {
    const ended = new Promise((resolve) => child.once('exit', resolve));
    signalGroup(pid, 'SIGTERM');
    const late = clock.after(graceMs, () => signalGroup(pid, 'SIGKILL'));
    await ended;
    late.cancel();
  }
  signalGroup(pid, 'SIGKILL');
}

function signalGroup(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(process.platform === 'win32' ? pid : -pid, signal);
  } catch {
    // None of it is left.
  }
}

/** Nothing of it keeps this process alive any more. */
function letGo(child: AnyChild): void {
  child.stdio?.[readyFd]?.destroy();
  child.unref();
}

function failed(name: string, failure: Failure, tail: string = ''): KindredError {
  if (failure.kind === 'not started') return failure.error;
  if (failure.kind === 'cancelled')
    return new KindredError('ERR_CANCELLED', `${name} was not waited for: the signal fired`, {
      cause: failure.cause,
    });
  const end = tail === '' ? '' : `; the end of its stderr:\n${tail}`;
  const data =
    failure.kind === 'ended' ? { exitCode: failure.exitCode, signal: failure.signal, tail } : { tail };
  return new KindredError('ERR_START_FAILED', `${name} did not become ready: ${reasonOf(failure)}${end}`, {
    data,
  });
}

function reasonOf(failure: Exclude<Failure, { kind: 'cancelled' | 'not started' }>): string {
  switch (failure.kind) {
    case 'ended':
      return failure.signal === null
        ? `it ended with exit code ${failure.exitCode}; a daemon stays in the foreground`
        : `it ended by ${failure.signal}`;
    case 'line closed':
      return `it closed its descriptor ${readyFd} without a line ${readyLine.trimEnd()}`;
    case 'late':
      return `it said nothing for ${failure.timeoutMs} ms: it calls ready(), or writes ${readyLine.trimEnd()} to descriptor ${readyFd}`;
  }
}
