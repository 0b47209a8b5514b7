/** Completion for bash. */
import { addressBeginnings, type CommandOutline, type Outline } from './outline.ts';

export function bashScript({ name, commands }: Outline): string {
  const names = commands.map((command) => command.name);
  return `# bash completion for ${name}: source <(${name} completion bash)
_${name}() {
  local cur=\${COMP_WORDS[COMP_CWORD]} prev=\${COMP_WORDS[COMP_CWORD-1]} command='' i
  for ((i = 1; i < COMP_CWORD; i++)); do
    case \${COMP_WORDS[i]} in
      ${names.join('|')}) command=\${COMP_WORDS[i]}; break ;;
    esac
  done
  COMPREPLY=()
  case "$command $prev" in
${valueCases(commands)}
  esac
  case "$command $cur" in
    ' -'*) COMPREPLY=($(compgen -W '--help --version' -- "$cur")) ;;
    ' '*) COMPREPLY=($(compgen -W '${[...names, 'help'].join(' ')}' -- "$cur")) ;;
${commands.map(commandCases).join('\n')}
  esac
}
complete -o default -F _${name} ${name}
`;
}

/** Behind an option that takes a value. For what has no cases of its own bash offers file names. */
function valueCases(commands: readonly CommandOutline[]): string {
  const lines = commands.flatMap(({ name, options }) =>
    options
      .filter(({ value }) => value === 'required')
      .map(({ flag, choices, kind }) => {
        const words = kind === 'address' ? addressBeginnings : choices;
        return `    '${name} ${flag}') ${words.length === 0 ? '' : `${reply(words)}; `}return ;;`;
      }),
  );
  return lines.join('\n');
}

function commandCases({ name, options, words, first }: CommandOutline): string {
  const lines = [`    '${name} -'*) ${reply(options.map(({ flag }) => flag))} ;;`];
  if (words.length > 0) lines.push(`    '${name} '*) ${reply(words)} ;;`);
  if (first === 'address')
    lines.push(`    '${name} '*) if [[ $prev == '${name}' ]]; then ${reply(addressBeginnings)}; fi ;;`);
  return lines.join('\n');
}

/** Behind the beginning of an address more is to come. */
function reply(words: readonly string[]): string {
  const noSpace = words === addressBeginnings ? '; compopt -o nospace 2>/dev/null' : '';
  return `COMPREPLY=($(compgen -W '${words.join(' ')}' -- "$cur"))${noSpace}`;
}
