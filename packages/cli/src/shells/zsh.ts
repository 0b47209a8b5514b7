/** Completion for zsh. */
import { addressBeginnings, type CommandOutline, type OptionOutline, type Outline } from './outline.ts';

export function zshScript({ name, commands }: Outline): string {
  return `#compdef ${name}
# zsh completion for ${name}: source <(${name} completion zsh), or as _${name} in a folder of $fpath
_${name}() {
  local -a commands
  commands=(
${commands.map((command) => `    ${quote(`${command.name}:${command.summary}`)}`).join('\n')}
  )
  if (( CURRENT == 2 )); then
    _describe command commands
    return
  fi
  case $words[2] in
${commands.map(commandCase).join('\n')}
  esac
}
if [[ $funcstack[1] == _${name} ]]; then
  _${name} "$@"
else
  compdef _${name} ${name}
fi
`;
}

/** `_arguments` is told to begin at the word behind the command. */
function commandCase(command: CommandOutline): string {
  const specs = [...command.options.map(optionSpec), ...argumentSpecs(command)];
  return [
    `    ${command.name})`,
    '      shift words; (( CURRENT-- ))',
    `      _arguments ${specs.map(quote).join(' \\\n        ')} ;;`,
  ].join('\n');
}

function optionSpec({ flag, summary, value, choices }: OptionOutline): string {
  const described = `${flag}[${summary.replace(/[[\]:\\]/g, '\\$&')}]`;
  const values = choices.length === 0 ? '' : `(${choices.join(' ')})`;
  if (value === 'none') return described;
  return value === 'required' ? `${described}:value:${values}` : `${described}::value:${values}`;
}

function argumentSpecs({ words, first }: CommandOutline): string[] {
  if (first === 'file') return ['1:module:_files'];
  if (first === 'address')
    return [`1:address:compadd -S "" -- ${addressBeginnings.join(' ')}`, '*:argument: '];
  return words.length === 0 ? [] : [`1:word:(${words.join(' ')})`];
}

function quote(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`;
}
