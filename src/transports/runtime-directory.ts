/**
 * Where this user's named endpoints are: a directory that follows from the user id alone, so that a login shell, a cron
 * job and `env -i` find the same one, and that nobody else can enter.
 */
import { lstatSync, type Stats } from 'node:fs';
import { tmpdir } from 'node:os';
import { isAbsolute, join } from 'node:path';
import { KindredError } from '../base/errors.ts';
import { makeDirectory } from './make-directory.ts';
import { codeOf, reasonOf } from './system-errors.ts';

export interface Surroundings {
  env: NodeJS.ProcessEnv;
  uid: number;
  platform: NodeJS.Platform;
  tmpdir: string;
}

export function surroundings(): Surroundings {
  return { env: process.env, uid: process.geteuid?.() ?? -1, platform: process.platform, tmpdir: tmpdir() };
}

const variable = 'KINDRED_RUNTIME_DIR';

export function runtimeDirectory({ env, uid, platform, tmpdir }: Surroundings = surroundings()): string {
  const given = env[variable];
  if (given !== undefined && given !== '') {
    if (!isAbsolute(given))
      throw new KindredError(
        'ERR_BAD_ADDRESS',
        `${variable} is ${JSON.stringify(given)}: give an absolute path, the same for all who are to meet`,
      );
    return given;
  }
  // On macOS the user's temporary directory is private and outlives a login; /tmp is not swept there as it is here.
  if (platform === 'darwin') return join(tmpdir, `kindred-${uid}`);
  return uid === 0 ? '/run/kindred' : `/tmp/kindred-${uid}`;
}

/** Makes the directory where it is missing, and checks it. Throws `ERR_UNSAFE_DIRECTORY`. */
export function ensureRuntimeDirectory(directory: string, uid: number = surroundings().uid): void {
  try {
    makeDirectory(directory, 0o700);
  } catch (error) {
    // EEXIST: something that is no directory, which the check tells better.
    if (codeOf(error) !== 'EEXIST')
      throw unsafe(
        directory,
        `cannot be made: ${reasonOf(error)}; set ${variable} to a directory of yours`,
        error,
      );
  }
  if (!checkRuntimeDirectory(directory, uid))
    throw unsafe(directory, 'was removed while it was being made: try again');
}

/** False where it is missing. Throws `ERR_UNSAFE_DIRECTORY` where somebody else could put a socket there, or has. */
export function checkRuntimeDirectory(directory: string, uid: number = surroundings().uid): boolean {
  let stats: Stats;
  try {
    stats = lstatSync(directory);
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return false;
    throw unsafe(directory, `cannot be looked at: ${reasonOf(error)}`, error);
  }
  const mode = (stats.mode & 0o7777).toString(8).padStart(4, '0');
  const mend = `remove it, or set ${variable} to a directory of yours`;
  if (!stats.isDirectory())
    throw unsafe(
      directory,
      `is ${stats.isSymbolicLink() ? 'a symbolic link' : 'no directory'} (mode ${mode}, owner ${stats.uid}): ${mend}`,
    );
  if (stats.uid !== uid)
    throw unsafe(directory, `belongs to user ${stats.uid}, not to user ${uid} (mode ${mode}): ${mend}`);
  if ((stats.mode & 0o077) !== 0)
    throw unsafe(
      directory,
      `has mode ${mode} (owner ${stats.uid}), so that others can get in: look at who has, then chmod 700 ${directory}`,
    );
  return true;
}

function unsafe(directory: string, fault: string, cause?: unknown): KindredError {
  return new KindredError('ERR_UNSAFE_DIRECTORY', `the runtime directory ${directory} ${fault}`, {
    outcome: 'not-sent',
    ...(cause === undefined ? {} : { cause }),
  });
}
