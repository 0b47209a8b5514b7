/** What this process, on this machine, has to make a child end with it; and the plan that follows from that. */
import type { ChildProcess } from 'node:child_process';
import type { Socket } from 'node:net';
import { basename, dirname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { isMainThread } from 'node:worker_threads';
import {
  type ParentDeathMeans,
  type ParentDeathPlan,
  type ParentDeathRequest,
  planParentDeath,
} from './parent-death.ts';
import { identityOfProcess } from './process-identity.ts';
import { resolveProgram } from './resolve-program.ts';
import { findSetpriv } from './setpriv.ts';

/** What is to be started, in the words of Node's `spawn`. */
export interface Start
  extends Pick<ParentDeathRequest, 'command' | 'args' | 'descriptor' | 'graceMs' | 'onParentDeath'> {
  /** The program is Node.js. Default: where it is the one that runs this process. */
  isNode?: boolean | undefined;
  /** Of the child. */
  env: NodeJS.ProcessEnv;
  cwd?: string | URL | undefined;
  shell?: boolean | string | undefined;
  argv0?: string | undefined;
  uid?: number | undefined;
  gid?: number | undefined;
  user?: string | number | undefined;
  group?: string | number | undefined;
}

/** The same, as it is to be started. */
export interface Tied extends ParentDeathPlan {
  shell: boolean | string | undefined;
  /** What Node.js would say that it has started; undefined where it says so itself. */
  shown?: { spawnfile: string; spawnargs: readonly string[] } | undefined;
}

export function planParentDeathHere(start: Start): Tied {
  const { command, args, onParentDeath, descriptor, graceMs, shell, env } = start;
  const line = shell === true || (typeof shell === 'string' && shell !== '');
  const asItIs: Tied = { how: 'none', command, args, execArgv: [], env: {}, extraDescriptor: false, shell };
  if (onParentDeath === 'survive') return asItIs;
  // What Node.js itself makes of a line for the shell.
  const real = line
    ? { command: shell === true ? '/bin/sh' : shell, args: ['-c', command] }
    : { command, args };
  const cwd = start.cwd instanceof URL ? fileURLToPath(start.cwd) : start.cwd;
  const found = resolveProgram(real.command, { env, cwd });
  const means = parentDeathMeans();
  const isSomebodyElse = [start.uid, start.gid, start.user, start.group].some((id) => id !== undefined);
  if (isSomebodyElse && !isForEverybody(means.watcher)) means.watcher = undefined;
  const plan = planParentDeath(
    {
      ...real,
      onParentDeath,
      descriptor,
      graceMs,
      isNode: !line && (start.isNode ?? (command === process.execPath || isThisNode(found))),
      flags: flagsOf(env),
      isWrappable: start.argv0 === undefined && found !== undefined,
    },
    means,
  );
  const shown = { spawnfile: real.command, spawnargs: [start.argv0 ?? real.command, ...real.args] };
  if (plan.how === 'pdeathsig') return { ...plan, shell: false, shown };
  return plan.how === 'watcher' ? { ...plan, shell, shown } : { ...asItIs, how: plan.how };
}

/** Whether a program of that name is Node.js, where it is started as such. */
export function isNodeByName(command: string): boolean | undefined {
  return command === process.execPath || /^node(js)?(\.exe)?$/.test(basename(command)) || undefined;
}

/**
 * The child looks as if nothing had been done to it. This end of the pipe that the plan may want stays open until one of
 * the two ends, and counts for nothing else.
 */
export function hideTie(child: ChildProcess, { extraDescriptor, shown }: Tied): void {
  if (shown !== undefined) Object.assign(child, shown);
  if (!extraDescriptor) return;
  // It is missing where the child could not be started.
  const tie = (child.stdio as unknown as (Socket | null)[] | undefined)?.pop();
  tie?.on('error', () => {}).resume();
  tie?.unref();
  // Node.js tells of `close` when every pipe is closed, and nothing keeps this process alive until then.
  const end = (): void => void tie?.destroy();
  child.once('exit', end).once('error', () => {
    if (child.pid === undefined) end();
  });
}

/** One that is called by another name or path. */
function isThisNode(found: string | undefined): boolean {
  if (found === undefined || isNodeByName(found) !== true) return false;
  const { realpathSync } = process.getBuiltinModule('node:fs');
  try {
    return realpathSync(found) === realpathSync(process.execPath);
  } catch {
    return false;
  }
}

/** Whether a child of another user can read a file, wherever that is. */
function isForEverybody(file: string | undefined): boolean {
  if (file === undefined) return false;
  const { statSync } = process.getBuiltinModule('node:fs');
  for (let path = file, needed = 0o004; ; path = dirname(path), needed = 0o001) {
    if ((statSync(path).mode & needed) === 0) return false;
    if (path === dirname(path)) return true;
  }
}

/** Those that a Node.js child gets besides its arguments. */
function flagsOf(env: NodeJS.ProcessEnv): string[] {
  // Node.js hands the permission model on.
  const own = process.permission === undefined ? [] : ['--permission'];
  return [...own, ...(env['NODE_OPTIONS']?.split(/\s+/) ?? [])];
}

function parentDeathMeans(): ParentDeathMeans {
  return {
    isMainThread,
    self: () => identityOfProcess(process.pid),
    setpriv: process.platform === 'linux' ? findSetpriv() : undefined,
    watcher: findWatcher(),
  };
}

/** A program that was bundled into one file has left it behind; and a program that has Node.js within itself takes no flags of it. */
function findWatcher(): string | undefined {
  const { electron } = process.versions as { electron?: string };
  if (electron !== undefined || process.getBuiltinModule('node:sea')?.isSea() === true) return undefined;
  const name = import.meta.url.endsWith('.ts') ? './parent-watch.ts' : './parent-watch.js';
  const file = fileURLToPath(new URL(name, import.meta.url));
  return process.getBuiltinModule('node:fs').existsSync(file) ? file : undefined;
}
