/** Starts a keeper as a process of its own, with its brain and its logger; and how its brain reaches it. */
import { mkdirSync } from 'node:fs';
import { homedir } from 'node:os';
import { isAbsolute, join } from 'node:path';
import { systemClock } from '../../base/clock.ts';
import { KindredError } from '../../base/errors.ts';
import { readInheritance } from '../../handles/inherited.ts';
import { daemonize } from '../../process/daemonize.ts';
import { inheritedEnv } from '../../process/environment.ts';
import { exitCodes } from '../../process/exit-codes.ts';
import type { Exit } from '../../process/outcome.ts';
import { holderOf } from '../../process/pid-file.ts';
import { identityOfProcess, type ProcessIdentity } from '../../process/process-identity.ts';
import { readyVariable } from '../../process/ready.ts';
import { fork, ownFlags } from '../../process/spawn.ts';
import { endpointFileName } from '../../transports/endpoint-name.ts';
import { ensureRuntimeDirectory, runtimeDirectory } from '../../transports/runtime-directory.ts';
import type { KeeperMainOptions } from './keeper-main.ts';
import { markVariable } from './leftovers.ts';
import { pidFileOf, runningAlready } from './stack-lock.ts';
import { type Program, readyFd, staffFlags, untilReady } from './staff.ts';

export interface KeeperOptions {
  /** Of the stack: its directories are named after it. */
  name: string;
  /** Decides what is done: started with `reachKeeper`, and ready when it has called `ready()`. */
  brain: Program;
  /** Serves `LoggerOrders` to its parent. Started with the directory of the logs before its other arguments. */
  logger: Program;
  /** Of pipes. Default: `kindred-NAME` in the runtime directory of this user. */
  directory?: string | undefined;
  /** Default: `$XDG_STATE_HOME/kindred/NAME/logs`, with `~/.local/state` where that is not set. */
  logDirectory?: string | undefined;
  /** It outlives this process; what it prints itself goes into `keeper.log` in the directory of the logs. Default true. */
  detached?: boolean | undefined;
  /**
   * Listeners that this process was started with (`LISTEN_FDS`, as systemd passes them) are those of the stack, by their
   * names. They are taken out of the environment. Not for one that is detached. Default false.
   */
  takeListeners?: boolean | undefined;
  /** Of keeper, brain and logger; exact. Default: that of this process. */
  env?: NodeJS.ProcessEnv | undefined;
  /** How long the first brain may take to be ready, in milliseconds. Default 60,000. */
  readyTimeoutMs?: number | undefined;
  /** A brain that has not answered for so long is ended, and another one started, in milliseconds. Default 30,000. */
  brainTimeoutMs?: number | undefined;
  /** Gives the start up. */
  signal?: AbortSignal | undefined;
}

export interface StartedKeeper {
  readonly pid: number;
  /** To know it again by. */
  readonly identity: ProcessIdentity;
  readonly directory: string;
  readonly logDirectory: string;
  /** How it ended; of one that is detached nobody is told. */
  readonly exited: Promise<Exit> | undefined;
}

/** Those of a stack, by its name. */
export function stackDirectories(
  name: string,
  env: NodeJS.ProcessEnv = process.env,
): { directory: string; logDirectory: string } {
  const folder = endpointFileName(name, 80);
  const { XDG_STATE_HOME: given } = env;
  // As its specification has it: a path that is not absolute does not count.
  const state = given !== undefined && isAbsolute(given) ? given : join(homedir(), '.local', 'state');
  return {
    directory: join(runtimeDirectory(), `kindred-${folder}`),
    logDirectory: join(state, 'kindred', folder, 'logs'),
  };
}

/** The keeper of a stack that runs; undefined where none does. */
export function findKeeper(directory: string): ProcessIdentity | undefined {
  return holderOf(pidFileOf(directory));
}

const defaultReadyMs = 60_000;
/** How long a keeper that is not detached may take to stop all when this process is gone. */
const orphanGraceMs = 120_000;

/**
 * Starts the keeper of a stack, and resolves when its brain has said that it is ready. What a keeper before it has left that
 * was killed is taken over, or put away first.
 *
 * SIGTERM ends it: it hands it on to the brain, which stops all in its order.
 *
 * Throws `ERR_ALREADY_RUNNING` where the stack has one that lives, naming the pid in `data`; `ERR_START_FAILED` where it
 * or its brain did not become ready, with the end of what they printed; `ERR_CANCELLED`; `ERR_UNSAFE_DIRECTORY`;
 * `ERR_NOT_SUPPORTED` on Windows.
 */
export async function startKeeper(options: KeeperOptions): Promise<StartedKeeper> {
  const { detached = true, readyTimeoutMs = defaultReadyMs, signal } = options;
  const { directory, logDirectory } = { ...stackDirectories(options.name), ...definedOf(options) };
  ensureRuntimeDirectory(runtimeDirectory());
  const holder = findKeeper(directory);
  if (holder !== undefined) throw await runningAlready(directory);
  mkdirSync(logDirectory, { recursive: true, mode: 0o700 });
  const passed = !detached && options.takeListeners === true ? passedListeners() : [];
  const { [markVariable]: _ofAnother, ...env } = options.env ?? inheritedEnv();
  const told: KeeperMainOptions = {
    directory,
    logDirectory,
    brain: options.brain,
    logger: { ...options.logger, args: [logDirectory, ...(options.logger.args ?? [])] },
    brainReadyTimeoutMs: readyTimeoutMs,
    brainAnswerTimeoutMs: options.brainTimeoutMs,
    handed: Object.fromEntries(passed.map(({ name }, i) => [name, readyFd + 1 + i])),
  };
  const started = { args: [JSON.stringify(told)], env, readyTimeoutMs, signal };
  try {
    const { pid, exited } = detached
      ? await startDetached({ ...started, log: join(logDirectory, 'keeper.log') })
      : await startAttached({ ...started, passed: passed.map(({ fd }) => fd) });
    return { pid, identity: identityOfProcess(pid), directory, logDirectory, exited };
  } catch (error) {
    const { exitCode } = ((error as KindredError).data ?? {}) as { exitCode?: number };
    throw exitCode === exitCodes.tempFail ? await runningAlready(directory) : error;
  }
}

/** Two of one name are one listener with two addresses, which a stack does not have. */
function passedListeners(): { name: string; fd: number }[] {
  const { listeners } = readInheritance(process.env, process.pid);
  const passed = listeners.flatMap((one) => ('fd' in one ? [one] : []));
  return [...new Map(passed.map((one) => [one.name, one])).values()];
}

interface Start {
  args: readonly string[];
  env: NodeJS.ProcessEnv;
  readyTimeoutMs: number;
  signal: AbortSignal | undefined;
}

type Started = { pid: number; exited: Promise<Exit> | undefined };

async function startDetached({ args, log, ...rest }: Start & { log: string }): Promise<Started> {
  const { pid } = await daemonize(program(), args, { ...rest, execArgv: flags(), stdout: log });
  return { pid, exited: undefined };
}

/** In a session of its own all the same: what a terminal sends is for whoever has started it to hand on. */
async function startAttached({
  args,
  env,
  readyTimeoutMs,
  signal,
  passed,
}: Start & { passed: readonly number[] }): Promise<Started> {
  const child = fork(program(), args, {
    name: 'the keeper',
    channel: 'none',
    execArgv: flags(),
    stdio: ['ignore', 'inherit', 'inherit', 'pipe', ...passed],
    env: { ...env, [readyVariable]: `fd:${readyFd}` },
    detached: true,
    onParentDeath: 'die',
    graceMs: orphanGraceMs,
  });
  const giveUp = Promise.withResolvers<never>();
  const onAbort = (): void =>
    giveUp.reject(
      new KindredError('ERR_CANCELLED', 'the keeper was not waited for: the signal fired', {
        cause: signal?.reason,
      }),
    );
  if (signal?.aborted === true) onAbort();
  signal?.addEventListener('abort', onAbort, { once: true });
  try {
    await Promise.race([untilReady(child, readyTimeoutMs, systemClock), giveUp.promise]);
    return { pid: child.pid as number, exited: child.exited };
  } catch (error) {
    if (child.pid !== undefined) await child.terminate({ tree: true });
    throw error;
  } finally {
    signal?.removeEventListener('abort', onAbort);
  }
}

function flags(): string[] {
  return [...ownFlags(), ...staffFlags];
}

/** This file's neighbour, in the sources and in what is published. */
function program(): URL {
  return new URL(import.meta.url.endsWith('.ts') ? './keeper-main.ts' : './keeper-main.js', import.meta.url);
}

function definedOf({ directory, logDirectory }: KeeperOptions): {
  directory?: string;
  logDirectory?: string;
} {
  return {
    ...(directory === undefined ? {} : { directory }),
    ...(logDirectory === undefined ? {} : { logDirectory }),
  };
}
