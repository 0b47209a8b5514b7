/** `run`: the outermost function of a program, and what the exit code says of how it ended. */
import { errorText } from './error-text.ts';
import { exitCodes } from './exit-codes.ts';
import { exitCodeOf, isExitCode, isExpected } from './exit-error.ts';
import { ownShutdown } from './on-shutdown.ts';
import type { Shutdown } from './shutdown.ts';

/** A number that it returns, or resolves to, is the exit code; whatever else it returns is left alone. */
export type Main = (argv: readonly string[]) => unknown;

export interface RunOptions {
  /** For `main`. Default: the arguments after the script. */
  argv?: readonly string[] | undefined;
  /** The exit code for an error that the program expects: of this one nothing but the message goes to stderr. Undefined: it is not one of those. */
  exitCodeOf?: ((error: unknown) => number | undefined) | undefined;
}

/** What it needs of the process; a test stages another. */
type RunProcess = Pick<NodeJS.Process, 'exitCode' | 'once' | 'stdout' | 'stderr'>;

/**
 * Calls `main` with the arguments after the script, and ends the process when it has settled, whatever is still open: the
 * handlers of `onShutdown` run, the output is flushed, also to a slow reader, and the exit code is the number that `main`
 * returned, else `process.exitCode`, else 0.
 *
 * An error that `main` throws becomes an exit code (`ExitError`, `exitCodeOf`). Of an expected one the message goes to stderr,
 * of every other one all of it. A reader of stdout that has gone ends the program with 0. A program in which nothing is left
 * to do although `main` has not settled ends with 70. A server waits for its own end in `main`.
 *
 * What is returned never settles, so that nothing behind it runs.
 *
 * ```ts
 * void run(async ([file]) => {
 *   if (file === undefined) throw new ExitError(exitCodes.usage, 'usage: count FILE');
 *   console.log(await count(file));
 * });
 * ```
 */
export function run(main: Main, options: RunOptions = {}): Promise<never> {
  return runIn(main, options, ownShutdown(), process);
}

export async function runIn(
  main: Main,
  { argv = process.argv.slice(2), exitCodeOf: choose }: RunOptions,
  shutdown: Shutdown,
  own: RunProcess,
): Promise<never> {
  const end = (code?: number): Promise<never> => {
    if (code !== undefined) own.exitCode = code;
    return shutdown.begin({ kind: 'end' });
  };
  let isSettled = false;
  // An exception in the midst must not cut off what was printed before it.
  shutdown.keep();
  own.once('beforeExit', () => {
    if (isSettled) return;
    shutdown.tell('main has not settled, and nothing is left that could bring it to its end');
    void end(exitCodes.software);
  });
  own.stdout.on('error', (error: NodeJS.ErrnoException) => {
    // Whoever read it has enough, like `head` after its last line.
    if (error.code === 'EPIPE') {
      if (!isSettled) void end(exitCodes.ok);
    } else {
      shutdown.tell(`stdout cannot be written: ${error.message}`);
      void end(Number(own.exitCode ?? 0) === 0 ? exitCodes.ioErr : undefined);
    }
  });
  // Nobody is left to be told that nobody can be told.
  own.stderr.on('error', () => {});
  const code = await settle(main, argv, choose, shutdown, own);
  isSettled = true;
  return end(code);
}

/** Of `main`, however it settles; undefined: as `process.exitCode` has it. */
async function settle(
  main: Main,
  argv: readonly string[],
  choose: RunOptions['exitCodeOf'],
  shutdown: Shutdown,
  { stderr }: RunProcess,
): Promise<number | undefined> {
  try {
    const result = await main(argv);
    if (typeof result !== 'number') return undefined;
    if (isExitCode(result)) return result;
    shutdown.tell(`main returned ${result}, which is no exit code: a whole number from 0 to 255`);
    return exitCodes.software;
  } catch (error) {
    // A program that was told to stop has done what it was told.
    if (shutdown.isAsked && isStop(error)) return undefined;
    const chosen = choose?.(error);
    const isKnown = chosen !== undefined || isExpected(error);
    const text = isKnown && error instanceof Error ? error.message : errorText(error);
    if (text !== '') stderr.write(`${text}\n`);
    return chosen ?? exitCodeOf(error);
  }
}

function isStop(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  const { code } = error as { code?: unknown };
  return error.name === 'AbortError' || code === 'ERR_CANCELLED' || code === 'ERR_CLOSED';
}
