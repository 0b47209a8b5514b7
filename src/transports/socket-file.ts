/**
 * A Unix domain socket as a file: bound under another name first, and given its real name when it is ready, so that who
 * sees the name can connect, with the rights that the owner meant.
 */
import { type BigIntStats, linkSync, lstatSync, renameSync, unlinkSync } from 'node:fs';
import { connect } from 'node:net';
import { KindredError } from '../base/errors.ts';
import { codeOf } from './system-errors.ts';

/** Bytes of a path in `sockaddr_un`, without its closing NUL. */
export function maxPathBytes(platform: NodeJS.Platform = process.platform): number {
  return platform === 'linux' || platform === 'android' || platform === 'win32' ? 107 : 103;
}

/**
 * Which file it is. A number alone is given to the next file at once when its file goes, unless that one is still open:
 * then the number is enough, and holds also when somebody touches the file.
 */
export interface FileIdentity {
  dev: bigint;
  ino: bigint;
  /** Undefined of a socket that its server holds open. */
  mtimeNs: bigint | undefined;
}

export interface FoundFile extends FileIdentity {
  /** `socket`, or what else it is. */
  what: string;
}

export function lookAt(path: string): FoundFile | undefined {
  let stats: BigIntStats;
  try {
    stats = lstatSync(path, { bigint: true });
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return undefined;
    throw error;
  }
  const { dev, ino, mtimeNs } = stats;
  const what = stats.isSocket()
    ? 'socket'
    : stats.isFile()
      ? 'a regular file'
      : stats.isDirectory()
        ? 'a directory'
        : stats.isSymbolicLink()
          ? 'a symbolic link'
          : 'a special file';
  return { dev, ino, mtimeNs, what };
}

/** Of a socket that this process has just bound, for as long as its server is open. */
export function lookAtOwn(bound: string): FileIdentity {
  const { dev, ino } = lookAt(bound) as FoundFile;
  return { dev, ino, mtimeNs: undefined };
}

export function isSameFile(found: FoundFile | undefined, wanted: FileIdentity): boolean {
  const { dev, ino, mtimeNs } = wanted;
  return found?.ino === ino && found.dev === dev && (mtimeNs === undefined || found.mtimeNs === mtimeNs);
}

/**
 * Whether somebody listens there. Only a refused connection is a proof that nobody does; whatever is not clear counts as
 * alive, so that no live server is ever robbed.
 */
export function probe(path: string): Promise<'alive' | 'dead' | 'gone'> {
  return new Promise((resolve) => {
    const socket = connect(path);
    socket.once('connect', () => {
      socket.destroy();
      resolve('alive');
    });
    socket.once('error', (error) => {
      const code = codeOf(error);
      resolve(code === 'ECONNREFUSED' ? 'dead' : code === 'ENOENT' ? 'gone' : 'alive');
    });
  });
}

/** What stands in the way of a name. */
export type Obstacle = { found: FoundFile; alive: boolean };

/** Gives a bound socket its name. False where the name is taken. */
export function tryLink(bound: string, path: string): boolean {
  try {
    linkSync(bound, path);
    return true;
  } catch (error) {
    const code = codeOf(error);
    if (code === 'EEXIST') return false;
    // A file system without hard links (or one without them for sockets). Renaming does as well while nothing is there.
    if (code === 'EPERM' || code === 'ENOTSUP' || code === 'EOPNOTSUPP') {
      if (lookAt(path) !== undefined) return false;
      renameSync(bound, path);
      return true;
    }
    throw error;
  }
}

/** What is at the path, and whether it lives; undefined where nothing is there (any more). */
export async function findObstacle(path: string): Promise<Obstacle | undefined> {
  const found = lookAt(path);
  if (found === undefined) return undefined;
  if (found.what !== 'socket') return { found, alive: true };
  const state = await probe(path);
  return state === 'gone' ? undefined : { found, alive: state === 'alive' };
}

/** More would mean that others put dead sockets there as fast as they are taken away. */
const maxAttempts = 20;

/**
 * Gives a bound socket its name, and takes a dead one away for it. To be called under a lock: nobody else who obeys it
 * can come between the look and the removal.
 */
export async function place(
  bound: string,
  path: string,
  inUse: (obstacle: Obstacle) => KindredError,
  beforeLink?: () => void,
): Promise<void> {
  for (let attempt = 0; attempt < maxAttempts; attempt++) {
    const obstacle = await findObstacle(path);
    if (obstacle?.alive) throw inUse(obstacle);
    if (obstacle !== undefined) unlinkIfSame(path, obstacle.found);
    beforeLink?.();
    if (tryLink(bound, path)) return;
  }
  throw new KindredError(
    'ERR_ADDRESS_IN_USE',
    `${path} is taken again and again by others who leave it dead`,
  );
}

/** True where it was that file and is gone now. */
export function unlinkIfSame(path: string, identity: FileIdentity): boolean {
  if (!isSameFile(lookAt(path), identity)) return false;
  return unlinkIfThere(path);
}

export function unlinkIfThere(path: string): boolean {
  try {
    unlinkSync(path);
    return true;
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return false;
    throw error;
  }
}

/** Throws `ERR_BAD_ADDRESS` for a path that the system would refuse, or cut. */
export function checkPathLength(address: string, path: string, limit: number = maxPathBytes()): void {
  const bytes = Buffer.byteLength(path);
  if (bytes > limit)
    throw new KindredError(
      'ERR_BAD_ADDRESS',
      `${address}: the path has ${bytes} bytes, and the system allows ${limit}: take a shorter one, or local:NAME`,
      {
        outcome: 'not-sent',
      },
    );
}
