/** Which exit code an error that ends the program becomes, and an error that chooses its own. */
import { type ErrorCode, KindredError } from '../base/errors.ts';
import { exitCodes } from './exit-codes.ts';

// Known by its brand, so that it is one of ours also where it comes from another copy of the package.
const brand = Symbol.for('kindred.exit-error');

/**
 * Ends a program that `run` has started, with this exit code: nothing but the message goes to stderr, and nothing where it
 * is empty. Throws `ERR_BAD_ARGUMENT` where the code is not a whole number from 0 to 255.
 *
 * ```ts
 * throw new ExitError(exitCodes.noInput, 'there is no orders.csv');
 * ```
 */
export class ExitError extends Error {
  readonly exitCode: number;

  constructor(exitCode: number, message: string = '', options?: { cause?: unknown }) {
    super(message, options);
    if (!isExitCode(exitCode))
      throw new KindredError(
        'ERR_BAD_ARGUMENT',
        `${String(exitCode)} is no exit code: a whole number from 0 to 255`,
      );
    this.exitCode = exitCode;
    Object.defineProperty(this, 'name', { value: 'ExitError', configurable: true, writable: true });
    Object.defineProperty(this, brand, { value: true });
  }
}

/** What the system can hand on: a byte. */
export function isExitCode(code: unknown): code is number {
  return Number.isInteger(code) && (code as number) >= 0 && (code as number) <= 255;
}

/** Codes that say more than that it failed. The command `kindred` tells the same ones apart, by numbers of its own. */
const codes: Partial<Record<ErrorCode, number>> = {
  ERR_BAD_ADDRESS: exitCodes.usage,
  ERR_BAD_ARGUMENT: exitCodes.usage,
  ERR_BUSY: exitCodes.tempFail,
  ERR_INSECURE_ADDRESS: exitCodes.usage,
  ERR_INTERNAL: exitCodes.software,
  ERR_NOT_REACHABLE: exitCodes.unavailable,
  ERR_PEER_GONE: exitCodes.unavailable,
  ERR_PROTOCOL: exitCodes.protocol,
  ERR_START_FAILED: exitCodes.unavailable,
  ERR_TIMEOUT: exitCodes.tempFail,
  ERR_UNSAFE_DIRECTORY: exitCodes.config,
};

/**
 * The exit code for an error that ends a program: the one that an `ExitError` brings; `usage` for what `parseArgs` of
 * `node:util` refuses; for a `KindredError` what the table in the reference says; `failure` for everything else.
 */
export function exitCodeOf(error: unknown): number {
  if (isExitError(error)) return error.exitCode;
  if (isWrongCommandLine(error)) return exitCodes.usage;
  if (!(error instanceof KindredError)) return exitCodes.failure;
  const code = codes[error.code] ?? exitCodes.failure;
  // What the other end complains of, or what failed on the way there and back, is no fault of this command line.
  if (code === exitCodes.usage && (error.origin === 'remote' || error.outcome === 'executed'))
    return exitCodes.failure;
  // Where the call may have run, "there is nobody" would be the wrong thing to say.
  if (error.code === 'ERR_PEER_GONE' && error.outcome !== 'not-sent') return exitCodes.failure;
  return code;
}

/** Its message says it all: where in the program it was thrown helps nobody. */
export function isExpected(error: unknown): error is Error {
  return (
    isExitError(error) ||
    isWrongCommandLine(error) ||
    (error instanceof KindredError && error.code !== 'ERR_INTERNAL')
  );
}

function isExitError(error: unknown): error is ExitError {
  return error instanceof Error && brand in error;
}

function isWrongCommandLine(error: unknown): error is Error {
  return (
    error instanceof Error &&
    'code' in error &&
    typeof error.code === 'string' &&
    error.code.startsWith('ERR_PARSE_ARGS_')
  );
}
