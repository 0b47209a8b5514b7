/** Completion for fish. */
import { addressBeginnings, type CommandOutline, type OptionOutline, type Outline } from './outline.ts';

export function fishScript({ name, commands }: Outline): string {
  return `# fish completion for ${name}: ${name} completion fish > ~/.config/fish/completions/${name}.fish
complete -c ${name} -f
complete -c ${name} -n __fish_use_subcommand -l help -d 'help for this program'
complete -c ${name} -n __fish_use_subcommand -l version -d 'its version'
${commands.map((command) => commandLines(name, command)).join('\n')}
`;
}

function commandLines(program: string, command: CommandOutline): string {
  const here = `complete -c ${program} -n ${quote(`__fish_seen_subcommand_from ${command.name}`)}`;
  const own = `complete -c ${program} -n __fish_use_subcommand -a ${command.name} -d ${quote(command.summary)}`;
  return [
    own,
    ...argumentLines(here, command),
    ...command.options.map((option) => `${here} ${optionPart(option)}`),
  ].join('\n');
}

function argumentLines(here: string, { words, first }: CommandOutline): string[] {
  if (first === 'file') return [`${here} -F`];
  const list = first === 'address' ? addressBeginnings : words;
  return list.length === 0 ? [] : [`${here} -a ${quote(list.join(' '))}`];
}

function optionPart({ flag, summary, value, choices, kind }: OptionOutline): string {
  const takes = value !== 'required' ? '' : kind === 'file' ? ' -r -F' : ' -x';
  const words = kind === 'address' ? addressBeginnings : choices;
  const list = words.length === 0 ? '' : ` -a ${quote(words.join(' '))}`;
  return `-l ${flag.slice(2)}${takes}${list} -d ${quote(summary)}`;
}

function quote(text: string): string {
  return `'${text.replaceAll('\\', '\\\\').replaceAll("'", "\\'")}'`;
}
