/**
 * A process started by this one, and the channel it was given.
 *
 * ```
 *   running --exit seen--> ended
 *   failed (it never started: `exited` rejects with ERR_START_FAILED)
 * ```
 */
import {
  type ChildProcess,
  type IOType,
  type SpawnOptions as NodeSpawnOptions,
  spawn as nodeSpawn,
} from 'node:child_process';
import { basename } from 'node:path';
import type { Duplex } from 'node:stream';
import { fileURLToPath } from 'node:url';
import { KindredError } from '../base/errors.ts';

/** Over what a parent and its child talk: a socket pair on an extra descriptor, Node's own IPC, the standard streams, or nothing. */
export type ChildChannel = 'descriptor' | 'ipc' | 'stdio' | 'none';

/** The variable that tells a child over what its parent talks to it: `fd:3`, `ipc` or `stdio`, and `;kindred` from a Kindred that knows its child to be one. */
export const channelVariable = 'KINDRED_CHANNEL';

/** How a child ended: one of the two is null. */
export interface Exit {
  exitCode: number | null;
  signal: NodeJS.Signals | null;
}

export interface ChildOptions extends Omit<NodeSpawnOptions, 'stdio'> {
  /** Default `descriptor`. */
  channel?: ChildChannel | undefined;
  /** Standard input, output and error, and extra descriptors. Default, where the channel does not use them: stdin is ignored, the others are inherited. */
  stdio?: (IOType | 'ipc' | NodeJS.WritableStream | number | null | undefined)[];
  /** The child is known to run Kindred: both ends speak the binary dialect from the first byte. Default false. */
  kindred?: boolean | undefined;
  /** What to call it in errors. Default: the program and its first arguments; of a module, its file. */
  name?: string | undefined;
}

export interface Child {
  readonly pid: number;
  /** What was started, for logs: the program and its first arguments. */
  readonly name: string;
  readonly channel: ChildChannel;
  /** The open end of the extra descriptor; undefined for the other channels. */
  readonly descriptor: Duplex | undefined;
  readonly kindred: boolean;
  /** Node's own object, for whatever is not told here. */
  readonly process: ChildProcess;
  /** Settles once, when the process has really ended. Rejects with `ERR_START_FAILED` where it never started. */
  readonly exited: Promise<Exit>;
  /** Asks it to end, and after `graceMs` (default 5000) kills it. Resolves when it has ended. */
  terminate(options?: { signal?: NodeJS.Signals; graceMs?: number }): Promise<Exit>;
}

/** Starts a program. No shell; `env` is exact where it is given, but for the variable that names the channel. */
export function spawn(command: string, args: readonly string[] = [], options: ChildOptions = {}): Child {
  const {
    channel = 'descriptor',
    kindred = false,
    stdio,
    env,
    name = nameOf(command, args),
    ...rest
  } = options;
  const plan = planStdio(channel, stdio);
  // The channel of this process is not the child's.
  const { [channelVariable]: _ownChannel, ...inherited } = process.env;
  const process_ = nodeSpawn(command, args, {
    ...rest,
    stdio: plan.stdio,
    env: {
      ...(env ?? inherited),
      ...(channel === 'none' ? {} : { [channelVariable]: `${plan.tells}${kindred ? ';kindred' : ''}` }),
    },
  });
  return createChild(process_, name, channel, kindred, plan.fd);
}

/** Starts a Node.js module as a child, with this process's own Node.js and its flags. */
export function fork(
  module: string | URL,
  args: readonly string[] = [],
  options: ChildOptions & { execPath?: string; execArgv?: readonly string[] } = {},
): Child {
  const { execPath = process.execPath, execArgv = process.execArgv, ...rest } = options;
  const file = module instanceof URL || module.startsWith('file:') ? fileURLToPath(module) : module;
  return spawn(execPath, [...execArgv, file, ...args], { name: nameOf(file, args), ...rest });
}

function planStdio(
  channel: ChildChannel,
  given: ChildOptions['stdio'],
): { stdio: NodeSpawnOptions['stdio'] & unknown[]; tells: string; fd: number | undefined } {
  const stdio: NonNullable<ChildOptions['stdio']> = [...(given ?? [])];
  const piped = channel === 'stdio' ? 'pipe' : 'inherit';
  stdio[0] ??= channel === 'stdio' ? 'pipe' : 'ignore';
  stdio[1] ??= piped;
  stdio[2] ??= 'inherit';
  for (let fd = 3; fd < stdio.length; fd++) stdio[fd] ??= 'ignore';
  let fd: number | undefined;
  let tells: string = channel;
  if (channel === 'ipc' && !stdio.includes('ipc')) stdio.push('ipc');
  if (channel === 'descriptor') {
    fd = stdio.length;
    stdio.push(process.platform === 'win32' ? 'overlapped' : 'pipe');
    tells = `fd:${fd}`;
  }
  return { stdio: stdio as NodeSpawnOptions['stdio'] & unknown[], tells, fd };
}

function createChild(
  child: ChildProcess,
  name: string,
  channel: ChildChannel,
  kindred: boolean,
  fd: number | undefined,
): Child {
  const exited = new Promise<Exit>((resolve, reject) => {
    child.once('exit', (exitCode, signal) => resolve({ exitCode, signal }));
    child.once('error', (cause) => {
      if (child.pid === undefined)
        reject(
          new KindredError('ERR_START_FAILED', `${name} could not be started: ${cause.message}`, { cause }),
        );
    });
  });
  // Whoever wants to know asks; a child that nobody asks about must not end this process.
  exited.catch(() => {});
  child.on('error', () => {});
  return {
    pid: child.pid ?? -1,
    name,
    channel,
    descriptor: fd === undefined ? undefined : (child.stdio[fd] as Duplex | undefined),
    kindred,
    process: child,
    exited,
    terminate: (options) => terminate(child, exited, options),
  };
}

async function terminate(
  child: ChildProcess,
  exited: Promise<Exit>,
  { signal = 'SIGTERM', graceMs = 5000 }: { signal?: NodeJS.Signals; graceMs?: number } = {},
): Promise<Exit> {
  if (child.exitCode === null && child.signalCode === null) child.kill(signal);
  const timer = setTimeout(() => child.kill('SIGKILL'), graceMs);
  try {
    return await exited;
  } finally {
    clearTimeout(timer);
  }
}

function nameOf(command: string, args: readonly string[]): string {
  const shown = [basename(command), ...args].join(' ');
  return shown.length > 80 ? `${shown.slice(0, 77)}...` : shown;
}
