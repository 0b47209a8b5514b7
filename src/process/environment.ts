/** The environment of a child. */
import { channelVariable } from './channel-variable.ts';

/** That of this process, without what was told to this one alone: its channel is not the child's. */
export function inheritedEnv(): NodeJS.ProcessEnv {
  const { [channelVariable]: _ownChannel, ...env } = process.env;
  return env;
}

/**
 * The variables of `base` and those given, for `env`, which is exact: a child gets nothing else. `undefined` takes one
 * away. Default of `base`: this process's own environment.
 *
 * ```ts
 * spawn('make', ['all'], { env: extendEnv({ CC: 'clang', LANG: undefined }) });
 * ```
 */
export function extendEnv(
  more: Readonly<Record<string, string | undefined>>,
  base: Readonly<NodeJS.ProcessEnv> = process.env,
): NodeJS.ProcessEnv {
  const env: NodeJS.ProcessEnv = { ...base };
  for (const [name, value] of Object.entries(more)) {
    if (value === undefined) delete env[name];
    else env[name] = value;
  }
  return env;
}
