/** `kindred completion`: a script for the shell, made from the commands themselves so that the two cannot part. */
import { Argument, type Command } from 'commander';
import { teach } from './help.ts';
import { bashScript } from './shells/bash.ts';
import { fishScript } from './shells/fish.ts';
import { outlineOf } from './shells/outline.ts';
import { zshScript } from './shells/zsh.ts';
import type { Terminal } from './terminal.ts';

const scripts = { bash: bashScript, zsh: zshScript, fish: fishScript } as const;

export function addCompletion(program: Command, terminal: Terminal): void {
  const command = program
    .command('completion')
    .summary('print a completion script for a shell')
    .description('Prints a script with which the shell completes the commands and options of kindred.')
    .addArgument(new Argument('<SHELL>', 'for which shell').choices(Object.keys(scripts)))
    .action((shell: keyof typeof scripts) => terminal.print(scripts[shell](outlineOf(program)).trimEnd()));
  teach(command, {
    examples: [
      'bash, in ~/.bashrc:   source <(kindred completion bash)',
      'zsh, in ~/.zshrc:     source <(kindred completion zsh)',
      'fish:                 kindred completion fish > ~/.config/fish/completions/kindred.fish',
    ],
    exits: ['ok', 'usage'],
  });
}
