/**
 * The forms that wait: Node's own, with its names, options and results. What Kindred adds: files by path in `stdio`, what
 * cannot be a descriptor refused before anything starts, arguments that never become shell syntax, and one clear error
 * where the program cannot be started.
 */
import {
  execFileSync as nodeExecFileSync,
  execSync as nodeExecSync,
  spawnSync as nodeSpawnSync,
  type SpawnSyncOptions,
  type SpawnSyncReturns,
} from 'node:child_process';
import { checkShell, nameOf } from './command-line.ts';
import { inheritedEnv } from './environment.ts';
import type { OnParentDeath } from './parent-death.ts';
import { planParentDeathHere } from './parent-death-means.ts';
import { isSystemError, startError } from './start-error.ts';
import { planStdio, type Stdio } from './stdio.ts';

/** What Node's own forms do not know. */
interface More {
  /** As for `spawn`, files by their path included. */
  stdio?: Stdio | undefined;
  /** What becomes of the child when this process is gone. Default `survive`. */
  onParentDeath?: OnParentDeath | undefined;
}
type Options = Omit<SpawnSyncOptions, 'stdio'> & More;
type Text = { encoding: BufferEncoding };

/** Node's own forms, and the same with more options. */
export type SpawnSync = typeof nodeSpawnSync & {
  (command: string, args: readonly string[], options: Options & Text): SpawnSyncReturns<string>;
  (command: string, args: readonly string[], options: Options): SpawnSyncReturns<Buffer>;
};
export type ExecFileSync = typeof nodeExecFileSync & {
  (file: string, args: readonly string[], options: Options & Text): string;
  (file: string, args: readonly string[], options: Options): Buffer;
};
export type ExecSync = typeof nodeExecSync & {
  (line: string, options: Options & Text): string;
  (line: string, options: Options): Buffer;
};

/**
 * Runs a program, and waits. Gives `status`, `signal`, `output`, `stdout`, `stderr`; where it could not be started, `error`
 * says why, with the codes of `spawn`.
 */
export const spawnSync: SpawnSync = ((command: string, ...rest: unknown[]) => {
  const { args, options } = split(rest);
  const result = waiting(command, args, options, nodeSpawnSync);
  if (isSystemError(result.error) && result.error.syscall?.startsWith('spawn') === true && result.pid === 0)
    result.error = startError({ name: nameOf(command, args), command, cwd: options.cwd }, result.error);
  return result;
}) as SpawnSync;

/**
 * Runs a program, waits, and gives its stdout. Throws as Node.js does, with `status`, `signal`, `output` and `stderr`, where
 * it ends with another exit code than 0, in time or by a signal; and with the codes of `spawn` where it could not be
 * started. stderr goes to that of this process, unless `stdio` says otherwise.
 */
export const execFileSync: ExecFileSync = ((file: string, ...rest: unknown[]) => {
  const { args, options } = split(rest);
  return waiting(file, args, options, nodeExecFileSync);
}) as ExecFileSync;

/** The same for a line of the shell. */
export const execSync: ExecSync = ((line: string, options: Options = {}) =>
  waiting(line, [], { ...options, shell: options.shell ?? true }, (command, args, ready) =>
    // Without a shell, it is the shell itself that is started.
    ready.shell === false
      ? nodeExecFileSync(command, args, ready)
      : nodeExecSync(command, ready as Parameters<typeof nodeExecSync>[1]),
  )) as ExecSync;

function split(rest: readonly unknown[]): { args: readonly string[]; options: Options } {
  const [first, second] = rest;
  return Array.isArray(first)
    ? { args: first, options: (second ?? {}) as Options }
    : { args: [], options: (first ?? second ?? {}) as Options };
}

function waiting<T>(
  command: string,
  args: readonly string[],
  options: Options,
  run: (command: string, args: readonly string[], ready: SpawnSyncOptions) => T,
): T {
  const name = nameOf(command, args);
  checkShell(name, options.shell, args);
  const { stdio, onParentDeath = 'survive', ...others } = options;
  const { env = inheritedEnv() } = options;
  // Node.js would read from a descriptor of ours, too, and show it in `output`.
  const tied = planParentDeathHere({ ...others, command, args, env, onParentDeath });
  const plan = stdio === undefined ? undefined : planStdio(stdio);
  try {
    return run(tied.command, [...tied.execArgv, ...tied.args], {
      ...others,
      shell: tied.shell,
      env: { ...env, ...tied.env },
      ...(plan === undefined ? {} : { stdio: plan.stdio }),
    });
  } catch (error) {
    // One that ran has a pid.
    const { pid = 0, syscall = '' } = error as { pid?: number; syscall?: string };
    if (!isSystemError(error) || pid !== 0 || !syscall.startsWith('spawn')) throw error;
    throw startError({ name, command, cwd: options.cwd }, error);
  } finally {
    plan?.close();
  }
}
