/** Which stack a verb is about: the one named, else that of the config in this folder. */
import { existsSync, statSync } from 'node:fs';
import { basename, dirname, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { Command } from 'commander';
import { runningStacks } from 'kindred/supervisor';
import { longestMs, toMs } from '../options.ts';
import { UsageError } from '../usage.ts';

export interface StackFlags {
  config?: string;
  name?: string;
  json?: boolean;
  timeout?: number;
  verbose?: boolean;
}

/** In the order in which they are looked for. */
export const configNames: readonly string[] = ['ts', 'mts', 'cts', 'js', 'mjs', 'cjs', 'json'].map(
  (extension) => `kindred.config.${extension}`,
);

export function addStackOptions(command: Command, json: string): Command {
  return command
    .option('--config <FILE>', 'the config of the stack; default: kindred.config.* in this folder')
    .option(
      '--name <NAME>',
      'the name of the stack; default: what its config says, or the only one that runs',
    )
    .option('--json', json)
    .option('--verbose', 'show the stacks of errors');
}

export function addTimeout(command: Command): Command {
  return command.option('--timeout <MS>', `give up after so many milliseconds, at most ${longestMs}`, toMs);
}

/** The path of the config. Throws `UsageError` where there is none. */
export function configFile({ config }: StackFlags, folder: string = process.cwd()): string {
  if (config === undefined) {
    const found = foundConfig(folder);
    if (found !== undefined) return found;
    throw new UsageError(`there is no kindred.config.* in ${folder}: name one with --config FILE`);
  }
  const file = resolve(folder, config);
  if (statSync(file, { throwIfNoEntry: false })?.isFile() === true) return file;
  throw new UsageError(
    existsSync(file)
      ? `${config} is a directory: name the file of the config`
      : `there is no file ${config}: --config names the config of the stack`,
  );
}

function foundConfig(folder: string): string | undefined {
  return configNames.map((name) => resolve(folder, name)).find((file) => existsSync(file));
}

/** Its name. Throws `UsageError` where neither a name nor a config says it. */
export async function nameOfStack(flags: StackFlags, folder: string = process.cwd()): Promise<string> {
  if (flags.name !== undefined) return flags.name;
  if (flags.config === undefined && foundConfig(folder) === undefined) return onlyOne(folder);
  const file = configFile(flags, folder);
  const module = (await import(
    pathToFileURL(file).href,
    file.endsWith('.json') ? { with: { type: 'json' } } : {}
  )) as {
    default?: { name?: string };
  };
  return module.default?.name ?? basename(dirname(file));
}

/** Where no config says it: the one that runs, if there is no other. */
async function onlyOne(folder: string): Promise<string> {
  const [first, ...more] = await runningStacks();
  if (first !== undefined && more.length === 0) return first;
  const running = first === undefined ? 'none runs' : `these run: ${[first, ...more].join(', ')}`;
  throw new UsageError(
    `which stack? There is no kindred.config.* in ${folder}, and ${running}: say --name NAME or --config FILE`,
  );
}

/** Where its brain can be asked. */
export function controlAddress(name: string): string {
  return `local:kindred-${name}`;
}
