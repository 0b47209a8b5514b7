/** Finds the config, reads it as it is now, and checks it. */
import { readdirSync, readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { KindredError } from '../../base/errors.ts';
import { untilDone, type Wait } from '../../endpoint/until-done.ts';
import { reasonOf } from '../../transports/system-errors.ts';
import { type CheckStackOptions, checkStack } from './check-stack.ts';
import type { CheckedStack } from './checked-stack.ts';
import { importAnew } from './import-anew.ts';
import { refusal, shown } from './mistake.ts';
import { thisSystem } from './surroundings.ts';

export const configNames: readonly string[] = ['ts', 'mts', 'js', 'mjs', 'json'].map(
  (ending) => `kindred.config.${ending}`,
);

export interface LoadStackOptions extends Omit<CheckStackOptions, 'file'> {
  /** How long a config in TypeScript or JavaScript may take to load, in milliseconds. Default 30,000. */
  timeoutMs?: number | undefined;
  /** Waits no longer when it fires. */
  signal?: AbortSignal | undefined;
}

/**
 * The checked stack of a config: a file, or the folder that it is in; default: the working directory. A file in TypeScript
 * is run as it is; its stack is the default export. Each call reads it anew, and what it imports by relative paths.
 *
 * Throws `ERR_BAD_CONFIG` where there is none, or more than one, where it cannot be loaded (`cause` says why), and as
 * `checkStack`; `ERR_TIMEOUT` and `ERR_CANCELLED` as any wait.
 */
export async function loadStack(
  path: string = '.',
  { timeoutMs = 30_000, signal, ...options }: LoadStackOptions = {},
): Promise<CheckedStack> {
  const file = findConfig(path);
  return checkStack(file.endsWith('.json') ? readJson(file) : await readModule(file, { timeoutMs, signal }), {
    ...options,
    file,
  });
}

/** The path of the config. Throws `ERR_BAD_CONFIG`. */
export function findConfig(path: string = '.'): string {
  const at = resolve(path);
  const what = thisSystem.is(at);
  if (what === 'file') return at;
  if (what === undefined) throw noConfig(at, 'is not there', 'write it, or name one that there is');
  const [name, ...more] = readdirSync(at)
    .filter((each) => configNames.includes(each))
    .sort();
  if (name === undefined)
    throw noConfig(at, 'holds no kindred.config.*', 'write kindred.config.ts in it, or name another');
  if (more.length > 0)
    throw noConfig(at, `has ${[name, ...more].join(' and ')}`, 'name the one that is meant');
  return resolve(at, name);
}

function readJson(file: string): unknown {
  try {
    return JSON.parse(readFileSync(file, 'utf8').replace(/^\uFEFF/, ''));
  } catch (error) {
    throw cannot(file, `is no JSON: ${reasonOf(error)}`, 'mend it there', error);
  }
}

async function readModule(file: string, wait: Wait): Promise<unknown> {
  let module: { default?: unknown } = {};
  let failure: { error: unknown } | undefined;
  const loaded = importAnew(file).then(
    (each) => {
      module = each;
    },
    (error: unknown) => {
      failure = { error };
    },
  );
  // One that waits for what never comes cannot be ended, but nobody has to wait for it.
  await untilDone(`${file} to load`, loaded, wait);
  if (failure !== undefined) {
    const { error } = failure as { error: unknown };
    const told = error instanceof Error ? `${error.name}: ${error.message}` : String(error);
    throw cannot(file, `could not be loaded: ${told}`, 'mend it there', error);
  }
  const stack = module.default;
  if (stack === undefined)
    throw cannot(file, 'has no default export', 'write export default defineStack({ ... })');
  if (typeof stack === 'function' || stack instanceof Promise)
    throw cannot(
      file,
      `exports ${stack instanceof Promise ? 'a promise' : shown(stack)}`,
      'export the stack itself',
    );
  return stack;
}

/** There is none of which a mistake could be told. */
function noConfig(at: string, text: string, mend: string): KindredError {
  return new KindredError('ERR_BAD_CONFIG', `${at} ${text}: ${mend}`, {
    data: { mistakes: [{ path: '', text, mend }] },
  });
}

function cannot(file: string, text: string, mend: string, cause?: unknown): KindredError {
  return refusal(file, [{ path: '', text, mend }], cause);
}
