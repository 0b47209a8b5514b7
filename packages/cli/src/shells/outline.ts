/** What a completion script has to know of the command. */
import type { Command } from 'commander';

export interface Outline {
  name: string;
  commands: CommandOutline[];
}

export interface CommandOutline {
  name: string;
  summary: string;
  options: OptionOutline[];
  /** The words that its first argument can be; empty where it can be anything. */
  words: readonly string[];
  /** What its first argument is. */
  first: 'file' | 'address' | 'word';
}

export interface OptionOutline {
  flag: string;
  summary: string;
  /** What stands behind it. */
  value: 'none' | 'required' | 'optional';
  choices: readonly string[];
}

/** How addresses begin. */
export const addressBeginnings = ['local:', 'unix:', 'pipe:', 'tcp://', 'tls://'] as const;

export function outlineOf(program: Command): Outline {
  return { name: program.name(), commands: program.commands.map(commandOutline) };
}

function commandOutline(command: Command): CommandOutline {
  const [first] = command.registeredArguments;
  const options = [...command.options, command.createOption('--help', 'help for this command')];
  return {
    name: command.name(),
    summary: command.summary(),
    options: options.flatMap(({ long, description, required, optional, argChoices }) =>
      long === undefined || long === null
        ? []
        : [
            {
              flag: long,
              summary: description,
              value: required ? 'required' : optional ? 'optional' : 'none',
              choices: argChoices ?? [],
            },
          ],
    ),
    words: first?.argChoices ?? [],
    first: first?.name() === 'module' ? 'file' : first?.name() === 'address' ? 'address' : 'word',
  };
}
