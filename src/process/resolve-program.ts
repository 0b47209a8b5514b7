/** Where the system would find a program, so that one that is missing is told as such also where another program starts it. */
import type { Stats } from 'node:fs';
import { isAbsolute, resolve } from 'node:path';

export interface ResolveOptions {
  /** The environment of the child: its PATH counts. */
  env: NodeJS.ProcessEnv;
  /** The working directory of the child. Default: that of this process. */
  cwd?: string | undefined;
}

/** Where there is no PATH: `_PATH_DEFPATH` of the C library. */
const defaultPath = '/usr/bin:/bin';

/**
 * The file that `execvp` of a child would run; undefined where it would fail (there is none, or none that may be run, or the
 * interpreter of a script is missing). POSIX systems only. Looks with the rights of this process.
 */
export function resolveProgram(command: string, { env, cwd = '.' }: ResolveOptions): string | undefined {
  if (command === '' || command.includes('\0')) return undefined;
  const candidates = command.includes('/')
    ? [command]
    : (env['PATH'] ?? defaultPath).split(':').map((folder) => `${folder === '' ? '.' : folder}/${command}`);
  const file = candidates.map((each) => (isAbsolute(each) ? each : resolve(cwd, each))).find(isRunnable);
  return file !== undefined && hasInterpreter(file, cwd) ? file : undefined;
}

/** A script's `#!` line names a program, by its path. */
function hasInterpreter(file: string, cwd: string): boolean {
  const { closeSync, openSync, readSync } = process.getBuiltinModule('node:fs');
  const head = Buffer.alloc(256);
  try {
    const fd = openSync(file, 'r');
    try {
      readSync(fd, head);
    } finally {
      closeSync(fd);
    }
  } catch {
    // It may be run, and not read.
    return true;
  }
  const named = /^#![ \t]*([^ \t\n\0]+)/.exec(head.toString('latin1'))?.[1];
  return named === undefined || isRunnable(resolve(cwd, named));
}

function isRunnable(file: string): boolean {
  const { accessSync, constants, statSync } = process.getBuiltinModule('node:fs');
  try {
    accessSync(file, constants.X_OK);
    const stats: Stats = statSync(file);
    return stats.isFile();
  } catch {
    return false;
  }
}
