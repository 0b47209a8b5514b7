/** What `--help` teaches beyond the options: examples and exit codes. */
import type { Command } from 'commander';
import { exitCodeMeanings, exitCodes } from './exit-codes.ts';

export interface Lesson {
  /** A command line, and below it what it prints. */
  examples: readonly string[];
  /** Those that this command can end with. */
  exits: readonly (keyof typeof exitCodes)[];
  /** Paragraphs in front of the examples. */
  notes?: readonly (readonly string[])[];
}

export function teach(command: Command, { examples, exits, notes = [] }: Lesson): Command {
  const text = [
    ...notes.flatMap((paragraph) => [...paragraph, '']),
    'Examples:',
    ...examples.flatMap((example) => example.split('\n')).map((line) => (line === '' ? line : `  ${line}`)),
    '',
    'Exit codes:',
    ...exits.map((name) => `  ${String(exitCodes[name]).padEnd(4)} ${exitCodeMeanings[name]}`),
  ];
  return command.addHelpText('after', `\n${text.join('\n')}`);
}

export const addressHelp: readonly string[] = [
  'Addresses:',
  '  local:NAME         a named endpoint of this user on this machine',
  '  unix:/path.sock    a Unix domain socket (unix:@name: an abstract one)',
  '  pipe:NAME          a named pipe of Windows',
  '  tcp://HOST:PORT    another machine (tls://HOST:PORT: encrypted)',
  "  stdio:             this process's own stdin and stdout (serve only)",
  '  parent:            the process that started this one',
];

export const wordHelp: readonly string[] = [
  'Words are values: what parses as JSON is JSON, everything else is a string.',
  '  5 is a number, Ada a string, \'{"a":1}\' an object, \'"5"\' the string 5.',
  '  Words that begin with - stand behind --, but for negative numbers.',
];
