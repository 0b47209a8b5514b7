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

/** Behind an option that takes a value: its choices, or file names and the like, which bash does by itself. */
function valueCases(commands: readonly CommandOutline[]): string {
  const cases = commands.flatMap((command) =>
    command.options
      .filter(({ value }) => value === 'required')
      .map(({ flag, choices }) => ({
        pattern: `'${command.name} ${flag}'`,
        reply: choices.length === 0 ? '' : `COMPREPLY=($(compgen -W '${choices.join(' ')}' -- "$cur")); `,
      })),
  );
  return cases.map(({ pattern, reply }) => `    ${pattern}) ${reply}return ;;`).join('\n');
}

function commandCases({ name, options, words, first }: CommandOutline): string {
  const reply = (list: readonly string[]): string =>
    `COMPREPLY=($(compgen -W '${list.join(' ')}' -- "$cur"))`;
  const lines = [`    '${name} -'*) ${reply(options.map(({ flag }) => flag))} ;;`];
  if (words.length > 0) lines.push(`    '${name} '*) ${reply(words)} ;;`);
  if (first === 'address')
    lines.push(
      `    '${name} '*) [[ $prev == '${name}' ]] && ${reply(addressBeginnings)} && compopt -o nospace 2>/dev/null ;;`,
    );
  return lines.join('\n');
}
