/**
 * An error as lines for people:
 *
 * ```
 *   kindred: TypeError: the order has no items (ERR_REMOTE, outcome executed)
 *     code: "E_EMPTY"
 *     caused by RangeError: 0 items
 * ```
 * What came from elsewhere is shown without the characters that a terminal would obey.
 */
import { type ErrorCode, KindredError } from 'kindred';
import { lineOf } from './json.ts';
import { UsageError } from './usage.ts';

export interface ReportOptions {
  /** With stacks. */
  verbose: boolean;
  paint: (format: 'red' | 'dim', text: string) => string;
}

/** What to do about it, in the words of the command line, where the message cannot know them. */
const mends: Partial<Record<ErrorCode, string>> = {
  ERR_NOT_REACHABLE: '--wait waits for it',
  ERR_INSECURE_ADDRESS: 'here: --allow-anyone, or tls: with --ca',
};

const maxCauses = 8;

export function linesOf(error: unknown, { verbose, paint }: ReportOptions): string[] {
  const lines = [`${paint('red', 'kindred:')} ${headline(error)}`, ...details(error, verbose, maxCauses)];
  return lines.map((line, i) => (i === 0 ? line : paint('dim', line)));
}

function headline(error: unknown): string {
  if (error instanceof UsageError) return plain(error.message);
  if (!(error instanceof KindredError)) return titleOf(error);
  const outcome = error.outcome === undefined ? '' : `, outcome ${error.outcome}`;
  const mend = error.code === 'ERR_NOT_REACHABLE' && !error.retryable ? undefined : mends[error.code];
  return `${titleOf(error)}${mend === undefined ? '' : `; ${mend}`} (${error.code}${outcome})`;
}

/** Lines below the first: what the error carries, its stack where that is wanted, and what caused it. */
function details(error: unknown, verbose: boolean, depth: number): string[] {
  if (!(error instanceof Error)) return [];
  // Where the error tells of another with the same words, such as what a function threw, that one carries the details.
  const { cause: inner } = error;
  const thrown =
    error instanceof KindredError && inner instanceof Error && inner.message === error.message
      ? inner
      : error;
  const lines: string[] = [];
  const { code, data } = thrown as { code?: unknown; data?: unknown };
  if (!(thrown instanceof KindredError)) {
    if (code !== undefined && !thrown.message.includes(String(code))) lines.push(`code: ${lineOf(code)}`);
    if (data !== undefined) lines.push(`data: ${lineOf(data)}`);
  }
  if (verbose) lines.push(...stackOf(error), ...(thrown === error ? [] : stackOf(thrown)));
  const { errors, cause } = thrown as { errors?: unknown; cause?: unknown };
  if (depth > 0) {
    for (const one of Array.isArray(errors) ? errors.slice(0, maxCauses) : [])
      lines.push(...because('among them', one, verbose, depth));
    if (cause !== undefined && cause !== null && !isOwnStop(error))
      lines.push(...because('caused by', cause, verbose, depth));
  }
  return lines.map((line) => `  ${line}`);
}

/** The command was told to stop: whoever did that knows it. */
function isOwnStop(error: Error): boolean {
  return error instanceof KindredError && error.code === 'ERR_CANCELLED' && error.origin === 'local';
}

function because(word: string, error: unknown, verbose: boolean, depth: number): string[] {
  const [first, ...more] = titleOf(error).split('\n');
  return [`${word} ${first}`, ...more, ...details(error, verbose, depth - 1)];
}

function titleOf(error: unknown): string {
  if (!(error instanceof Error)) return typeof error === 'string' ? plain(error) : lineOf(error);
  const named = error.name === 'Error' || error.name === 'KindredError' ? '' : `${error.name}: `;
  return plain(`${named}${error.message}`);
}

function stackOf(error: Error): string[] {
  return plain(error.stack ?? '')
    .split('\n')
    .filter((line) => /^\s+at /.test(line))
    .map((line) => line.trim());
}

/** Without control characters, but for the ends of lines, behind which the text is indented. */
export function plain(text: string): string {
  const escaped = text.replace(
    /(?!\n)\p{Cc}/gu,
    (char) => `\\x${char.charCodeAt(0).toString(16).padStart(2, '0')}`,
  );
  return escaped.replaceAll('\n', '\n  ');
}
