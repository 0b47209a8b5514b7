/** Completion for zsh. */
import {
  addressBeginnings,
  type CommandOutline,
  type Kind,
  type OptionOutline,
  type Outline,
} from './outline.ts';

export function zshScript({ name, commands }: Outline): string {
  return `#compdef ${name}
# zsh completion for ${name}: source <(${name} completion zsh), or as _${name} in a folder of $fpath
_${name}() {
  local -a commands
  commands=(
${commands.map((command) => `    ${quote(`${command.name}:${command.summary}`)}`).join('\n')}
  )
  if (( CURRENT == 2 )); then
    if [[ $words[2] == -* ]]; then compadd -- --help --version; else _describe command commands; fi
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

function optionSpec({ flag, summary, value, choices, kind }: OptionOutline): string {
  const described = `${flag}[${escapedForZsh(summary)}]`;
  if (value === 'none') return described;
  return `${described}${value === 'optional' ? '::' : ':'}value:${choices.length === 0 ? actionOf(kind) : `(${choices.join(' ')})`}`;
}

function argumentSpecs({ words, first }: CommandOutline): string[] {
  if (words.length > 0) return [`1:word:(${words.join(' ')})`];
  return [`1:${first}:${actionOf(first)}`, '*: : '];
}

function actionOf(kind: Kind): string {
  if (kind === 'file') return '_files';
  return kind === 'address' ? `{compadd -S "" -- ${escapedForZsh(addressBeginnings.join(' '))}}` : ' ';
}

/** For `_arguments`, to which colons and brackets mean something. */
function escapedForZsh(text: string): string {
  return text.replace(/[[\]:\\]/g, '\\$&');
}

function quote(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`;
}
