/** `startStack`: a stack kept running by processes of its own, which outlive whoever starts them. */

import { controlAddress } from '../control/control-address.ts';
import type { Program } from '../keeper/staff.ts';
import { type KeeperOptions, type StartedKeeper, startKeeper } from '../keeper/start-keeper.ts';
import type { CheckStackOptions } from '../stack/check-stack.ts';
import { findConfig, loadStack } from '../stack/load-stack.ts';
import type { BrainOrders } from './run-brain.ts';

export interface StartStackOptions
  extends Omit<KeeperOptions, 'name' | 'brain' | 'logger' | 'brainTimeoutMs'> {
  /** In place of the name in the config. */
  name?: string | undefined;
  /** The module of the brain: one that calls `runBrain`. Default: that of this package. */
  brain?: string | undefined;
  /** To check the config before it starts. Default: none, see `checkStack`. */
  cron?: CheckStackOptions['cron'];
}

export interface StartedStack extends StartedKeeper {
  readonly name: string;
  /** Where it can be told and asked: `connect<Control>(address)`. */
  readonly address: string;
}

/**
 * Starts the stack of a config (its path, or that of its folder) with a keeper and a brain as processes of their own.
 * Resolves when the brain answers at `address`; services may still be on their way.
 *
 * Throws `ERR_BAD_CONFIG` before anything is started, and what `startKeeper` throws: `ERR_ALREADY_RUNNING`,
 * `ERR_START_FAILED`, `ERR_CANCELLED`.
 */
export async function startStack(path: string, options: StartStackOptions = {}): Promise<StartedStack> {
  const { name: given, brain, cron, ...rest } = options;
  const stack = await loadStack(path, {
    cron,
    ...(options.env === undefined ? {} : { environment: options.env }),
  });
  const name = given ?? stack.name;
  const orders: BrainOrders = { config: findConfig(path), name };
  const program: Program = { module: brain ?? urlOf(brainProgram), args: [JSON.stringify(orders)] };
  const logger: Program = { module: urlOf(loggerProgram) };
  const started = await startKeeper({ ...rest, name, brain: program, logger });
  return { ...started, name, address: controlAddress(name) };
}

/** In the sources, and in what is published, where programs stand beside the file that this has become part of. */
const isSource: boolean = import.meta.url.endsWith('.ts');
const brainProgram: string = isSource ? './brain-main.ts' : './brain-main.js';
const loggerProgram: string = isSource ? '../logger/logger-main.ts' : './logger-main.js';

function urlOf(program: string): string {
  return new URL(program, import.meta.url).href;
}
