/** Starting programs and Node.js modules: what is given to Node.js, and what of it Kindred does itself. */
import { ChildProcess, type SpawnOptions as NodeSpawnOptions, spawn as nodeSpawn } from 'node:child_process';
import type { Readable } from 'node:stream';
import { fileURLToPath } from 'node:url';
import type { KindredError } from '../base/errors.ts';
import { channelVariable } from './channel-variable.ts';
import { adopt, type Child, type ChildChannel } from './child.ts';
import { checkShell, nameOf } from './command-line.ts';
import { inheritedEnv } from './environment.ts';
import type { Exit, Life } from './outcome.ts';
import type { OnParentDeath } from './parent-death.ts';
import { hideTie, isNodeByName, planParentDeathHere } from './parent-death-means.ts';
import { planUser, type UserOptions } from './plan-user.ts';
import { isSystemError, startError } from './start-error.ts';
import { pipe, planStdio, type Stdio, type StdioForm } from './stdio.ts';
import { type TerminateOptions, terminate } from './terminate.ts';

export interface SpawnOptions<
  S extends Stdio | undefined = Stdio | undefined,
  C extends ChildChannel = ChildChannel,
> extends Omit<NodeSpawnOptions, 'stdio'>,
    UserOptions {
  /**
   * Standard input, output and error, and extra descriptors. Default, as for Node.js: `pipe` for all three. With a
   * channel: stdin is ignored, stdout and stderr are inherited, where the channel does not use them.
   */
  stdio?: S | undefined;
  /** Default `none`; `ipc` where `stdio` holds it. */
  channel?: C | undefined;
  /** The child is known to run Kindred: both ends speak the binary dialect from the first byte. Default false. */
  kindred?: boolean | undefined;
  /** What to call it in errors. Default: the program and its first arguments; of a module, its file. */
  name?: string | undefined;
  /** Written to stdin, which is then closed. A stream is piped. */
  input?: string | Uint8Array | Readable | undefined;
  /**
   * Where it is ended because of `timeout`, `signal`, too much output or the end of this process: how long it may take, in
   * milliseconds, before SIGKILL. Default 5000.
   */
  graceMs?: number | undefined;
  /** What becomes of it when this process is gone, however that comes about. Default `die`; where it is `detached`, `survive`. */
  onParentDeath?: OnParentDeath | undefined;
}

/** What `stdio` is where it is not given. */
export type StdioFor<S extends Stdio | undefined, C extends ChildChannel> = [S] extends [Stdio]
  ? S
  : C extends 'none'
    ? 'pipe'
    : C extends 'stdio'
      ? readonly ['pipe', 'pipe', 'inherit']
      : readonly ['ignore', 'inherit', 'inherit'];

export interface ForkOptions<
  S extends Stdio | undefined = Stdio | undefined,
  C extends ChildChannel = ChildChannel,
> extends SpawnOptions<S, C> {
  /** Default: this process's own Node.js. */
  execPath?: string | undefined;
  /** Default: the flags of this process, without the code that `--eval` or `--print` gave it. */
  execArgv?: readonly string[] | undefined;
  /** stdin, stdout and stderr are piped instead of inherited, where `stdio` does not say otherwise. Default false. */
  silent?: boolean | undefined;
}

/**
 * Starts a program, with Node's own names and options. No shell, unless `shell` says so; then `command` is the whole line,
 * and arguments are refused, because they would become shell syntax. `env` is exact where it is given, but for the
 * variables that tell the child of its channel and its parent (see `extendEnv`).
 *
 * Throws `ERR_BAD_ARGUMENT` for options that cannot be. Where the program cannot be started, `exited` rejects, with
 * `ERR_COMMAND_NOT_FOUND`, `ERR_NOT_EXECUTABLE`, `ERR_BAD_CWD`, `ERR_ARGUMENTS_TOO_LONG`, `ERR_NOT_PERMITTED` or
 * `ERR_START_FAILED`.
 */
export function spawn<const S extends Stdio | undefined = undefined, const C extends ChildChannel = 'none'>(
  command: string,
  args?: readonly string[],
  options?: SpawnOptions<S, C>,
): Child<StdioFor<S, C>>;
export function spawn<const S extends Stdio | undefined = undefined, const C extends ChildChannel = 'none'>(
  command: string,
  options: SpawnOptions<S, C>,
): Child<StdioFor<S, C>>;
export function spawn(
  command: string,
  second: readonly string[] | SpawnOptions = [],
  third: SpawnOptions = {},
): Child<Stdio> {
  const [args, options] = isList(second) ? [second, third] : [[], second];
  return start(command, args, options);
}

/** `isNode`: the program is Node.js. Undefined: to be found out. */
function start(
  command: string,
  args: readonly string[],
  options: SpawnOptions,
  isNode?: boolean | undefined,
): Child<Stdio> {
  const {
    stdio,
    channel = holdsIpc(stdio) ? 'ipc' : 'none',
    kindred = false,
    env,
    name = nameOf(command, args),
    input,
    timeout,
    graceMs = 5000,
    onParentDeath = options.detached === true ? 'survive' : 'die',
    user,
    group,
    ...rest
  } = options;
  checkShell(name, rest.shell, args);
  const wiring = wire(channel, stdio, input !== undefined);
  const told = `${wiring.tells}${kindred ? ';kindred' : ''}`;
  const given = {
    ...rest,
    user,
    group,
    command,
    args,
    env: env ?? inheritedEnv(),
    graceMs,
    onParentDeath,
    isNode,
  };
  const tied = planParentDeathHere({ ...given, descriptor: wiring.stdio.length });
  // Around all the rest: the kernel forgets what is to happen when the parent is gone as soon as the user changes.
  const who = planUser({ user, group }, tied.command, [...tied.execArgv, ...tied.args], {
    ...given,
    shell: tied.shell,
  });
  const plan = planStdio(wiring.stdio);
  const life: Life = { startedMs: performance.now(), timedOut: false, cancelled: false };
  let child: ChildProcess;
  try {
    const { command: program, args: argv, ...ids } = who;
    child = nodeSpawn(program, argv, {
      ...rest,
      shell: tied.shell,
      ...ids,
      stdio: tied.extraDescriptor ? [...plan.stdio, pipe] : plan.stdio,
      env: { ...given.env, ...(channel === 'none' ? {} : { [channelVariable]: told }), ...tied.env },
    });
  } catch (error) {
    if (!isSystemError(error)) throw error;
    child = neverStarted(error);
  } finally {
    plan.close();
  }
  hideTie(child, tied);
  const kind = { name, carrier: channel, kindred };
  const ending = { signal: (rest.killSignal ?? 'SIGTERM') as NodeJS.Signals, graceMs };
  const failureOf = (cause: NodeJS.ErrnoException): KindredError =>
    startError({ name, command, cwd: rest.cwd }, cause);
  const ours = adopt(child, life, kind, wiring.fd, failureOf, ending);
  feed(child, input);
  bound(child, ours.exited, life, { timeout, signal: rest.signal, ending });
  return ours;
}

/**
 * Starts a Node.js module as a child, with this process's own Node.js and its flags. As for Node.js, it is given an IPC
 * channel, and inherits stdin, stdout and stderr; `channel: 'descriptor'` carries calls faster.
 */
export function fork<const S extends Stdio | undefined = undefined>(
  module: string | URL,
  args?: readonly string[],
  options?: ForkOptions<S>,
): Child<S extends Stdio ? S : Stdio>;
export function fork<const S extends Stdio | undefined = undefined>(
  module: string | URL,
  options: ForkOptions<S>,
): Child<S extends Stdio ? S : Stdio>;
export function fork(
  module: string | URL,
  second: readonly string[] | ForkOptions = [],
  third: ForkOptions = {},
): Child<Stdio> {
  const [args, options] = isList(second) ? [second, third] : [[], second];
  const {
    execPath = process.execPath,
    execArgv = ownFlags(),
    silent = false,
    channel = 'ipc',
    stdio = silent ? 'pipe' : channel === 'ipc' || channel === 'none' ? 'inherit' : undefined,
    ...rest
  } = options;
  const file = module instanceof URL || module.startsWith('file:') ? fileURLToPath(module) : module;
  const all = [...execArgv, file, ...args];
  return start(execPath, all, { name: nameOf(file, args), channel, stdio, ...rest }, isNodeByName(execPath));
}

/** The flags of this process, without code: a child that were given that would run it in place of its module, and so would its own, without end. */
export function ownFlags(): string[] {
  const flags: string[] = [];
  for (let n = 0; n < process.execArgv.length; n++) {
    const flag = process.execArgv[n] as string;
    if (/^(-e|-p|-pe|--eval|--print|--input-type)$/.test(flag)) n++;
    else if (!/^--(eval|print|input-type)=/.test(flag)) flags.push(flag);
  }
  return flags;
}

function isList(value: unknown): value is readonly string[] {
  return Array.isArray(value);
}

function holdsIpc(stdio: Stdio | undefined): boolean {
  return Array.isArray(stdio) && stdio.includes('ipc');
}

/** The descriptors of a child with this channel, and how it is told of it. */
function wire(
  channel: ChildChannel,
  given: Stdio | undefined,
  hasInput: boolean,
): { stdio: StdioForm[]; tells: string; fd: number | undefined } {
  const stdio: StdioForm[] = typeof given === 'string' ? [given, given, given] : [...(given ?? [])];
  if (channel !== 'none') {
    const piped = channel === 'stdio';
    stdio[0] ??= piped || hasInput ? 'pipe' : 'ignore';
    stdio[1] ??= piped ? 'pipe' : 'inherit';
    stdio[2] ??= 'inherit';
  } else if (hasInput) stdio[0] ??= 'pipe';
  while (stdio.length < 3) stdio.push('pipe');
  if (channel === 'ipc' && !stdio.includes('ipc')) stdio.push('ipc');
  if (channel !== 'descriptor') return { stdio, tells: channel, fd: undefined };
  const fd = stdio.length;
  stdio.push(pipe);
  return { stdio, tells: `fd:${fd}`, fd };
}

/** What Node.js throws at once for some failures of the system, it tells of others as an event: here all come so. */
function neverStarted(error: Error): ChildProcess {
  const child = new ChildProcess();
  process.nextTick(() => child.emit('error', error));
  return child;
}

function feed(child: ChildProcess, input: SpawnOptions['input']): void {
  const { stdin } = child;
  if (input === undefined || stdin === null || stdin === undefined) return;
  // A child may end without having read all of it.
  stdin.on('error', () => {});
  if (typeof input === 'string' || input instanceof Uint8Array) stdin.end(input);
  else input.pipe(stdin);
}

/** Ends it when its time has run out, or its signal fires; by SIGKILL where it does not end then. */
function bound(
  child: ChildProcess,
  exited: Promise<Exit>,
  life: Life,
  {
    timeout = 0,
    signal,
    ending,
  }: Pick<NodeSpawnOptions, 'timeout' | 'signal'> & { ending: TerminateOptions },
): void {
  // One that never started has told why, and one that cannot be ended lives on: nobody waits for it here.
  const end = (asked: boolean): void => void terminate(child, ending, { asked }).catch(() => {});
  const timer =
    timeout > 0
      ? setTimeout(() => {
          life.timedOut = true;
          end(false);
        }, timeout)
      : undefined;
  // Node.js itself asks, and tells of it as an event.
  const onAbort = (): void => {
    life.cancelled = !life.timedOut;
    end(true);
  };
  if (signal?.aborted === true) onAbort();
  else signal?.addEventListener('abort', onAbort, { once: true });
  const over = (): void => {
    clearTimeout(timer);
    signal?.removeEventListener('abort', onAbort);
  };
  exited.then(over, over);
}
