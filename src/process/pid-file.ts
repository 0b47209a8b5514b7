/**
 * A file that says which process a daemon is, so that others can signal it, and that no second one starts.
 *
 * ```
 *   4711                               the pid, on a line of its own, as every other program reads it
 *   started=123456789 boot=...         which process had that pid: it is never taken for a later one
 * ```
 * The name appears with all of its contents, by link(2), which takes no name that is taken. Of all that want to follow a
 * dead process one alone can, because the name of the successor is that of the process that it follows:
 *
 * ```
 *   PATH is free                      link ours to it: ours
 *   PATH is a live process's          refused
 *   PATH is a dead one's, X           link ours to PATH.X.next
 *     that is taken by a live one     refused: it is about to be PATH
 *     that is taken by a dead one, Y  the same with PATH.Y.next, and so on
 *     done, and PATH still is X's     rename ours to PATH, then remove all PATH.*.next
 *     done, and it is not             somebody was there before, and has cleaned up: once more from the start
 * ```
 */
import {
  chmodSync,
  linkSync,
  readdirSync,
  readFileSync,
  renameSync,
  unlinkSync,
  writeFileSync,
} from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';
import { KindredError } from '../base/errors.ts';
import { identityOfProcess, isAlive, type ProcessIdentity } from './process-identity.ts';

export interface PidFileOptions {
  /** Which process to write down. Default: this one. */
  pid?: number | undefined;
  /** Default 0o644, whatever the umask. */
  mode?: number | undefined;
}

export interface PidFile {
  /** Absolute. */
  readonly path: string;
  readonly identity: ProcessIdentity;
  /** Removes it, where it is still this one. */
  remove(): void;
}

/**
 * Writes down the pid of this process, in one step: nobody ever reads half of it. What a dead process has left there is
 * replaced; what is written down there for this very process already is kept. The file is removed when this process exits,
 * where it still is this process's.
 *
 * Throws `ERR_ALREADY_RUNNING` where another live process holds it, whose pid is in `data`; `ERR_BAD_ARGUMENT` where a file
 * is there that is no pid file; and what the file system throws.
 */
export function writePidFile(
  path: string,
  { pid = process.pid, mode = 0o644 }: PidFileOptions = {},
): PidFile {
  const file = resolve(path);
  const identity = identityOfProcess(pid);
  const fresh = passingName(file);
  writeFileSync(fresh, contentOf(identity), { flag: 'wx', mode });
  try {
    // The umask has no say in it.
    chmodSync(fresh, mode);
    claim(file, fresh, identity);
  } finally {
    unlinkIfThere(fresh);
  }
  const remove = (): void => {
    process.off('exit', remove);
    if (isOf(identity, readPidFile(file))) unlinkIfThere(file);
  };
  if (pid === process.pid) process.on('exit', remove);
  return { path: file, identity, remove };
}

/** Which process the file names; undefined where there is no file, or none that names a process. */
export function readPidFile(path: string): ProcessIdentity | undefined {
  return processIn(textOf(path) ?? '');
}

function processIn(text: string): ProcessIdentity | undefined {
  const [, pid] = /^\s*([1-9]\d{0,9})\s*(?:\n|$)/.exec(text) ?? [];
  if (pid === undefined) return undefined;
  const [, started] = /\bstarted=(\d{1,15})\b/.exec(text) ?? [];
  const [, boot] = /\bboot=([0-9a-f-]{36})(?:\s|$)/.exec(text) ?? [];
  return { pid: Number(pid), started: started === undefined ? undefined : Number(started), boot };
}

/** The process that holds the file: the one that it names, where that is alive. */
export function holderOf(path: string): ProcessIdentity | undefined {
  return liveOne(readPidFile(path));
}

function liveOne(named: ProcessIdentity | undefined): ProcessIdentity | undefined {
  if (named === undefined || !isAlive(named)) return undefined;
  // The first process of a container has the pid that the one of the start before had, who may have told no more than that.
  return named.pid === process.pid && named.started === undefined ? undefined : named;
}

export function alreadyRunning(path: string, { pid }: ProcessIdentity): KindredError {
  return new KindredError(
    'ERR_ALREADY_RUNNING',
    `${path} is held by process ${pid}, which is alive: end that one first`,
    { data: { pid } },
  );
}

/** More often than any number of starters could need: it ends only what would not end. */
const maxRounds = 1000;

function claim(file: string, fresh: string, identity: ProcessIdentity): void {
  for (let round = 0; round < maxRounds; round++) {
    if (linkIfFree(fresh, file)) return;
    const text = textOf(file) ?? '';
    checkPidFile(file, text);
    const first = processIn(text);
    const holder = liveOne(first);
    if (isOf(identity, holder)) return;
    if (holder !== undefined) throw alreadyRunning(file, holder);
    const next = follow(file, fresh, first, identity);
    // Who follows renames first and cleans up then: where it still is the same one, nobody has followed before.
    if (next !== undefined && (textOf(file) ?? '') === text) {
      renameSync(fresh, file);
      cleanUp(file);
      return;
    }
    if (next !== undefined) unlinkIfThere(next);
  }
  throw new KindredError('ERR_BUSY', `${file} was taken and left ${maxRounds} times while it was claimed`);
}

/** The name by which it follows the last dead one; undefined where that was taken and left in this moment. */
function follow(
  file: string,
  fresh: string,
  first: ProcessIdentity | undefined,
  identity: ProcessIdentity,
): string | undefined {
  let last = first;
  for (let depth = 0; depth < maxRounds; depth++) {
    const next = `${file}.${nameOf(last)}.next`;
    if (linkIfFree(fresh, next)) return next;
    last = readPidFile(next);
    if (last === undefined) return undefined;
    const holder = liveOne(last);
    if (holder !== undefined && !isOf(identity, holder)) throw alreadyRunning(file, holder);
  }
  return undefined;
}

/** What no other process was ever called. */
function nameOf(one: ProcessIdentity | undefined): string {
  return one === undefined
    ? '0'
    : [one.pid, one.started, one.boot].filter((part) => part !== undefined).join('-');
}

/** What somebody has put there who had something else in mind must not go. An empty file is what writers in two steps leave. */
function checkPidFile(file: string, text: string): void {
  if (text.trim() !== '' && processIn(text) === undefined)
    throw new KindredError('ERR_BAD_ARGUMENT', `${file} is there, and is no pid file: give another path`);
}

/** What those have left that did not come to an end, and the way on which this one came. */
function cleanUp(file: string): void {
  const prefix = `${basename(file)}.`;
  for (const name of readdirSync(dirname(file))) {
    if (!name.startsWith(prefix)) continue;
    const rest = name.slice(prefix.length);
    const [, starter] = /^(\d{1,10})\.[0-9a-f]{8}\.new$/.exec(rest) ?? [];
    const isLeft = starter !== undefined && !isAlive({ pid: Number(starter) });
    if (isLeft || /^\d[\da-f-]*\.next$/.test(rest)) unlinkIfThere(join(dirname(file), name));
  }
}

function passingName(file: string): string {
  const random = Math.floor(Math.random() * 2 ** 32)
    .toString(16)
    .padStart(8, '0');
  return `${file}.${process.pid}.${random}.new`;
}

function textOf(path: string): string | undefined {
  try {
    return readFileSync(path, 'latin1');
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return undefined;
    throw error;
  }
}

function contentOf({ pid, started, boot }: ProcessIdentity): string {
  const known = [
    ...(started === undefined ? [] : [`started=${started}`]),
    ...(boot === undefined ? [] : [`boot=${boot}`]),
  ];
  return `${pid}\n${known.length === 0 ? '' : `${known.join(' ')}\n`}`;
}

function isOf(own: ProcessIdentity, named: ProcessIdentity | undefined): boolean {
  return named?.pid === own.pid && named.started === own.started && named.boot === own.boot;
}

/** False: the name is taken. */
function linkIfFree(from: string, to: string): boolean {
  try {
    linkSync(from, to);
    return true;
  } catch (error) {
    if (codeOf(error) === 'EEXIST') return false;
    throw error;
  }
}

function unlinkIfThere(path: string): void {
  try {
    unlinkSync(path);
  } catch (error) {
    if (codeOf(error) !== 'ENOENT') throw error;
  }
}

function codeOf(error: unknown): string | undefined {
  return (error as NodeJS.ErrnoException).code;
}
