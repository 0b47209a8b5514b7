/** Which stack a verb is about: the one named, else that of the config in this folder. */
import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import type { Command } from 'commander';
import { connect } from 'kindred';
import type { CheckedStack, Control } from 'kindred/supervisor';
import { longestMs, toMs } from '../options.ts';
import { UsageError } from '../usage.ts';
import { cronMaker } from './cron.ts';

/** How long a stack may take to say which config it is from, in milliseconds. */
const answerMs = 2000;

export interface StackFlags {
  config?: string;
  name?: string;
  json?: boolean;
  timeout?: number;
  verbose?: boolean;
}

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

/**
 * Its name. A config that is wrong just now does not hide the stack that was started from it. Throws `UsageError` where
 * nothing says which one, and `ERR_BAD_CONFIG` for a wrong config of which no stack runs.
 */
export async function nameOfStack(flags: StackFlags, folder: string = process.cwd()): Promise<string> {
  if (flags.name !== undefined) return flags.name;
  const { configNames, loadStack } = await import('kindred/supervisor');
  if (flags.config === undefined && !configNames.some((name) => existsSync(resolve(folder, name))))
    return onlyOne(folder);
  const file = await configFile(flags, folder);
  try {
    return (await loadStack(file, { cron: await cronMaker() })).name;
  } catch (error) {
    const name = await runningFrom(file);
    if (name === undefined) throw error;
    return name;
  }
}

/** The config as it is now, checked. Throws `UsageError` where there is none, and `ERR_BAD_CONFIG` with all its mistakes. */
export async function readStack(
  flags: StackFlags,
  folder: string = process.cwd(),
): Promise<CheckedStack & { file: string }> {
  const file = await configFile(flags, folder);
  const { loadStack } = await import('kindred/supervisor');
  const stack = await loadStack(file, { cron: await cronMaker() });
  return { ...stack, name: flags.name ?? stack.name, file };
}

async function configFile({ config = '.' }: StackFlags, folder: string): Promise<string> {
  const { findConfig } = await import('kindred/supervisor');
  const at = resolve(folder, config);
  if (!existsSync(at))
    throw new UsageError(`there is no file ${config}: --config names the config of a stack`);
  return findConfig(at);
}

/** The stack that was started from this config. */
async function runningFrom(file: string): Promise<string | undefined> {
  const { controlAddress, runningStacks } = await import('kindred/supervisor');
  const configs = await Promise.all(
    (await runningStacks()).map(async (name) => {
      try {
        const peer = await connect<Control>(controlAddress(name), {
          reconnect: false,
          timeoutMs: answerMs,
          signal: AbortSignal.timeout(answerMs),
        });
        const { config } = await peer.call.status().finally(() => peer.close());
        return { name, config };
      } catch {
        // It went meanwhile, or does not answer.
        return undefined;
      }
    }),
  );
  return configs.find((each) => each?.config === file)?.name;
}

/** Where no config says it: the one that runs, if there is no other. */
async function onlyOne(folder: string): Promise<string> {
  const { runningStacks } = await import('kindred/supervisor');
  const running = await runningStacks();
  const [only] = running;
  if (only !== undefined && running.length === 1) return only;
  const those = only === undefined ? 'none runs' : `these run: ${running.join(', ')}`;
  throw new UsageError(
    `which stack? There is no kindred.config.* in ${folder}, and ${those}: say --name NAME or --config FILE`,
  );
}
