/** Programs that are run to their end: `execFile` without a shell, `exec` with one; with a promise, or with a callback. */
import type { KindredError } from '../base/errors.ts';
import type { Child } from './child.ts';
import type { CollectOptions } from './collect.ts';
import { type ChildOutcome, howEnded } from './outcome.ts';
import { type SpawnOptions, spawn } from './spawn.ts';

export interface ExecFileOptions
  extends Omit<SpawnOptions<'pipe', 'none'>, 'stdio' | 'channel' | 'kindred' | 'detached'>,
    CollectOptions {}

export interface ExecOptions extends Omit<ExecFileOptions, 'shell'> {
  /** The shell. Default: that of the system (`/bin/sh`). */
  shell?: string | undefined;
}

/** The outcome of a child that runs, and the child. */
export interface Execution<Output extends string | Uint8Array = string>
  extends Promise<ChildOutcome<Output>> {
  readonly child: Child<'pipe'>;
}

/** What a callback is told where the child failed, as Node.js says it. */
export interface ExecError extends Error {
  /** The exit code; null where a signal ended it; a word of the system or of Kindred where it never started. */
  code: number | string | null;
  signal: NodeJS.Signals | null;
  /** It was ended by this end: its time had run out, or it wrote too much. */
  killed: boolean;
  /** What was started. */
  cmd: string;
}

/** As Node.js calls it. */
export type ExecCallback<Output extends string | Uint8Array = string> = (
  error: ExecError | null,
  stdout: Output,
  stderr: Output,
) => void;

/**
 * Runs a program to its end. No shell, unless `shell` says so.
 *
 * Resolves with its outcome, whatever its exit code is (`.orThrow()` throws for a failure). Rejects where it could not be
 * started, with the codes of `spawn`. With a callback it gives the child, and calls back as Node.js does.
 *
 * ```ts
 * const { stdout } = (await execFile('git', ['rev-parse', 'HEAD'])).orThrow();
 * ```
 */
export function execFile(
  file: string,
  args?: readonly string[],
  options?: ExecFileOptions & { encoding?: BufferEncoding | undefined },
): Execution;
export function execFile(
  file: string,
  args: readonly string[],
  options: ExecFileOptions & { encoding: 'buffer' },
): Execution<Buffer>;
export function execFile(file: string, callback: ExecCallback): Child<'pipe'>;
export function execFile(file: string, args: readonly string[], callback: ExecCallback): Child<'pipe'>;
export function execFile(
  file: string,
  args: readonly string[],
  options: ExecFileOptions & { encoding?: BufferEncoding | undefined },
  callback: ExecCallback,
): Child<'pipe'>;
export function execFile(
  file: string,
  args: readonly string[],
  options: ExecFileOptions & { encoding: 'buffer' },
  callback: ExecCallback<Buffer>,
): Child<'pipe'>;
export function execFile(
  file: string,
  ...rest: (readonly string[] | ExecFileOptions | ExecCallback<never> | undefined)[]
): Execution<string | Buffer> | Child<'pipe'> {
  const args = (rest.find((one) => Array.isArray(one)) ?? []) as readonly string[];
  return run(file, args, optionsIn(rest), callbackIn(rest));
}

/**
 * Runs a line of the shell to its end. Whatever a user has said must not become part of it: give it to `execFile` as an
 * argument, or in `env`. All else is as with `execFile`.
 */
export function exec(
  line: string,
  options?: ExecOptions & { encoding?: BufferEncoding | undefined },
): Execution;
export function exec(line: string, options: ExecOptions & { encoding: 'buffer' }): Execution<Buffer>;
export function exec(line: string, callback: ExecCallback): Child<'pipe'>;
export function exec(
  line: string,
  options: ExecOptions & { encoding?: BufferEncoding | undefined },
  callback: ExecCallback,
): Child<'pipe'>;
export function exec(
  line: string,
  options: ExecOptions & { encoding: 'buffer' },
  callback: ExecCallback<Buffer>,
): Child<'pipe'>;
export function exec(
  line: string,
  ...rest: (ExecOptions | ExecCallback<never> | undefined)[]
): Execution<string | Buffer> | Child<'pipe'> {
  const options = optionsIn(rest);
  return run(
    line,
    [],
    { ...options, name: options.name ?? line, shell: options.shell ?? true },
    callbackIn(rest),
  );
}

function optionsIn(rest: readonly unknown[]): ExecFileOptions {
  const found = rest.find((one) => typeof one === 'object' && one !== null && !Array.isArray(one));
  return (found ?? {}) as ExecFileOptions;
}

function callbackIn(rest: readonly unknown[]): ExecCallback<never> | undefined {
  return rest.find((one) => typeof one === 'function') as ExecCallback<never> | undefined;
}

function run(
  file: string,
  args: readonly string[],
  { encoding, maxBuffer, ...options }: ExecFileOptions,
  callback: ExecCallback<never> | undefined,
): Execution<never> | Child<'pipe'> {
  const child = spawn(file, args, { ...options, stdio: 'pipe' });
  const outcome = child.outcome({ encoding: encoding as BufferEncoding, maxBuffer }) as Promise<
    ChildOutcome<never>
  >;
  if (callback === undefined) return Object.assign(outcome, { child });
  outcome.then(
    (ended) => later(callback, ended.ok ? null : failureOf(ended), ended),
    (error: KindredError) => later(callback, notStarted(child.name, error), undefined),
  );
  return child;
}

/** What the callback throws is an uncaught exception, as with Node.js, and no rejected promise. */
function later(
  callback: ExecCallback<never>,
  error: ExecError | null,
  ended: ChildOutcome<never> | undefined,
): void {
  process.nextTick(callback, error, ended?.stdout ?? '', ended?.stderr ?? '');
}

function failureOf(outcome: ChildOutcome): ExecError {
  const { name, exitCode, signal, stderr, truncated, timedOut, cancelled } = outcome;
  const message = `Command failed: ${name}: it ${howEnded(outcome)}\n${String(stderr)}`;
  return Object.assign(new Error(message), {
    code: truncated ? 'ERR_CHILD_PROCESS_STDIO_MAXBUFFER' : cancelled ? 'ABORT_ERR' : exitCode,
    signal,
    killed: truncated || timedOut || cancelled,
    cmd: name,
  });
}

/** The code of the system (`ENOENT`), as Node.js has it; the whole reason is the cause. */
function notStarted(name: string, cause: KindredError): ExecError {
  const { code = cause.code } = (cause.cause ?? {}) as { code?: string };
  return Object.assign(new Error(cause.message, { cause }), { code, signal: null, killed: false, cmd: name });
}
