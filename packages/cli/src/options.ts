/** Options that several commands have, and how their values are read. */
import { type Command, InvalidArgumentError, Option } from 'commander';
import type { DialectName } from 'kindred';
import { addCertificateOptions, type CertificateFlags } from './certificates.ts';
import { addSecretOption, type SecretFlags } from './secret-file.ts';

export const dialects: readonly DialectName[] = ['json-lines', 'json-headers', 'json-concat', 'binary'];

/** The longest that a timer of Node.js can wait: 24 days. */
export const longestMs: number = 2 ** 31 - 1;

interface Speaking extends CertificateFlags, SecretFlags {
  dialect?: DialectName;
  verbose?: boolean;
}

/** Of commands that go to an address. Times are in milliseconds. */
export interface Reaching extends Speaking {
  wait?: number | 'for ever';
  timeout?: number;
}

/** Of commands that open an address. */
export interface Opening extends Speaking {
  allowAnyone?: boolean;
}

/** Of commands that take arguments of a call. */
export interface Calling extends Reaching {
  named?: boolean;
  jsonArgs?: string;
  string?: boolean;
}

export function addReachingOptions(command: Command, timeout: string): Command {
  command
    .option('--timeout <MS>', timeout, toMs)
    .option(
      '--wait [MS]',
      'wait until somebody is there; without a number, for as long as it takes, or --timeout allows',
      (text: string): number | 'for ever' => (text === '' ? 'for ever' : toMs(text)),
    );
  return addSpeakingOptions(addSecretOption(addCertificateOptions(command, 'connects'), 'connects'));
}

export function addOpeningOptions(command: Command): Command {
  command.option(
    '--allow-anyone',
    'open it although other users or machines can reach it without proving who they are',
  );
  return addSpeakingOptions(addSecretOption(addCertificateOptions(command, 'listens'), 'listens'));
}

export function addCallingOptions(command: Command): Command {
  return command
    .option('--named', 'the arguments have names: NAME=VALUE words, or one JSON object')
    .option(
      '--json-args <JSON>',
      'all arguments as JSON: an array, or an object of named ones; - reads it from stdin',
    )
    .addOption(stringOption());
}

export function stringOption(): Option {
  return new Option('--string', 'every word is a string, also 5, true and null');
}

function addSpeakingOptions(command: Command): Command {
  return command
    .addOption(
      new Option('--dialect <NAME>', 'speak this dialect instead of the one agreed on').choices(dialects),
    )
    .option('--verbose', 'show the stacks of errors');
}

export function toMs(text: string): number {
  return toNumber(text, longestMs, 'Write whole milliseconds, for example 500.');
}

export function toCount(text: string): number {
  return toNumber(text, Number.MAX_SAFE_INTEGER, 'Write a whole number from 1.');
}

function toNumber(text: string, most: number, mend: string): number {
  const number = /^\d+$/.test(text) ? Number(text) : Number.NaN;
  if (!(number >= 1 && number <= most)) throw new InvalidArgumentError(mend);
  return number;
}

/** Options whose number may be missing. */
const optionalNumbers: readonly string[] = ['--wait', '--wait-reply'];

/**
 * An option that may stand without its number would swallow whatever word follows: where that is no number, the option
 * gets an empty value. What stands behind `--` is left alone.
 */
export function withoutSwallowing(words: readonly string[]): string[] {
  const end = words.indexOf('--');
  const isBare = (i: number): boolean =>
    (end < 0 || i < end) && optionalNumbers.includes(words[i] ?? '') && !/^\d+$/.test(words[i + 1] ?? '');
  return words.map((word, i) => (isBare(i) ? `${word}=` : word));
}
