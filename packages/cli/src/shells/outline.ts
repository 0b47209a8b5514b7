/** What a completion script has to know of the command. */
import type { Command, Option } from 'commander';

export interface Outline {
  name: string;
  commands: CommandOutline[];
}

/** What a word is. */
export type Kind = 'file' | 'address' | 'word';

export interface CommandOutline {
  name: string;
  summary: string;
  options: OptionOutline[];
  /** The words that its first argument can be; empty where it can be anything. */
  words: readonly string[];
  /** What its first argument is. */
  first: Kind;
}

export interface OptionOutline {
  flag: string;
  summary: string;
  /** What stands behind it. */
  value: 'none' | 'required' | 'optional';
  choices: readonly string[];
  /** What its value is, where it has no choices. */
  kind: Kind;
}

/** How addresses begin. */
export const addressBeginnings: readonly string[] = ['local:', 'unix:', 'pipe:', 'tcp://', 'tls://'];

export function outlineOf(program: Command): Outline {
  return { name: program.name(), commands: program.commands.map(commandOutline) };
}

function commandOutline(command: Command): CommandOutline {
  const [first] = command.registeredArguments;
  const options = [...command.options, command.createOption('--help', 'help for this command')];
  return {
    name: command.name(),
    summary: command.summary(),
    options: options.map(optionOutline),
    words: first?.argChoices ?? [],
    first: kindOf(first?.name() ?? ''),
  };
}

function optionOutline({ long, flags, description, required, optional, argChoices }: Option): OptionOutline {
  return {
    flag: long ?? flags,
    summary: description,
    value: required ? 'required' : optional ? 'optional' : 'none',
    choices: argChoices ?? [],
    kind: kindOf(/<(\w+)>$/.exec(flags)?.[1] ?? ''),
  };
}

function kindOf(name: string): Kind {
  if (name === 'FILE' || name === 'MODULE') return 'file';
  return name === 'ADDRESS' ? 'address' : 'word';
}
