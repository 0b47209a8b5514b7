/**
 * The words behind a method or an address as values: what parses as JSON is JSON, everything else a string.
 *
 * ```
 *   5         5            '"5"'     "5" (JSON's own quotes, so the shell needs another pair)
 *   Ada       "Ada"        null      null
 *   '{"a":1}' {"a":1}      --string  every word is a string
 * ```
 */
import { UsageError } from './usage.ts';

export interface WordOptions {
  /** Every word is a string, whatever it looks like. */
  string?: boolean | undefined;
  /** Hears of words that were most likely meant to be JSON. */
  note?: ((text: string) => void) | undefined;
}

export interface CallWords extends WordOptions {
  /** The words are `NAME=VALUE`, or one JSON object. */
  named?: boolean | undefined;
  /** All arguments as one JSON text, in place of words. */
  jsonArgs?: string | undefined;
}

/** What a call takes: positional arguments, or one object of named ones. */
export interface Params {
  params: 'positional' | 'named';
  args: readonly unknown[];
}

export function wordValue(word: string, { string = false, note }: WordOptions = {}): unknown {
  if (string) return word;
  try {
    return parseJson(word);
  } catch (error) {
    if (error instanceof UsageError) throw error;
    if (/^\s*[[{"]/.test(word))
      note?.(`${shorten(word)} is no JSON (${reasonOf(error)}), so it is sent as a string`);
    return word;
  }
}

export function paramsOf(
  words: readonly string[],
  { named = false, jsonArgs, ...options }: CallWords,
): Params {
  if (jsonArgs !== undefined) {
    if (words.length > 0)
      throw new UsageError(
        `give the arguments as words or with --json-args, not both: ${shorten(words.join(' '))}`,
      );
    return jsonParams(jsonArgs, named);
  }
  if (!named) return { params: 'positional', args: words.map((word) => wordValue(word, options)) };
  const [only] = words;
  if (words.length === 1 && only !== undefined && /^\s*\{/.test(only)) return jsonParams(only, true);
  return { params: 'named', args: [namedOf(words, options)] };
}

function namedOf(words: readonly string[], options: WordOptions): Record<string, unknown> {
  const entries = new Map<string, unknown>();
  for (const word of words) {
    const [, name, value] = /^([^=]+)=(.*)$/s.exec(word) ?? [];
    if (name === undefined || value === undefined)
      throw new UsageError(`${shorten(word)} has no name: with --named write NAME=VALUE`);
    if (entries.has(name)) throw new UsageError(`${name} is given twice`);
    entries.set(name, wordValue(value, options));
  }
  return Object.fromEntries(entries);
}

function jsonParams(text: string, named: boolean): Params {
  let value: unknown;
  try {
    value = parseJson(text);
  } catch (error) {
    if (error instanceof UsageError) throw error;
    throw new UsageError(`the arguments are no JSON: ${reasonOf(error)}`);
  }
  if (Array.isArray(value) && !named) return { params: 'positional', args: value };
  if (typeof value === 'object' && value !== null && !Array.isArray(value))
    return { params: 'named', args: [value] };
  const wanted = named ? 'an object of named arguments' : 'an array of arguments, or an object of named ones';
  throw new UsageError(
    `the arguments must be ${wanted}, for example ${named ? '{"name":"Ada"}' : '[1,"two"]'}`,
  );
}

/** JSON, without losing digits in silence: a number of JSON may be longer than a number of JavaScript. */
function parseJson(text: string): unknown {
  const exact = (_key: string, value: unknown, context?: { source?: string }): unknown => {
    if (typeof value === 'number' && /^-?\d+$/.test(context?.source ?? '') && !Number.isSafeInteger(value))
      throw new UsageError(
        `${shorten(context?.source ?? '')} has more digits than a number keeps: send it as a string, '"..."' or --string`,
      );
    return value;
  };
  return JSON.parse(text, exact);
}

function reasonOf(error: unknown): string {
  // The parser repeats the text, which can be long, behind a comma.
  return error instanceof Error ? error.message.replace(/, (?:\.\.\.)?".*$/s, '') : String(error);
}

function shorten(text: string): string {
  return text.length > 60 ? `${text.slice(0, 57)}...` : text;
}
