/**
 * The claim of a name: which process serves a named endpoint, and what it speaks.
 *
 * ```
 *   bind + listen   DIR/.PID.START.RANDOM     connections succeed from the moment its name appears
 *   lock NAME
 *     DIR/NAME.sock alive?                    ERR_ADDRESS_IN_USE, naming the pid in DIR/NAME.json
 *     dead?                                   unlink it
 *     write DIR/NAME.json                     (under a passing name, then renamed)
 *     link    DIR/.PID.START.RANDOM to DIR/NAME.sock
 *   unlock; unlink the passing name
 * ```
 * A socket under its name is alive, or its server is dead: nothing in between is ever seen. Whoever connects reads the
 * claim after it has connected, so that it is the claim of that server or of a later one.
 */
import { chmodSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { KindredError } from '../base/errors.ts';
import { identityOfProcess, type ProcessIdentity } from '../process/process-identity.ts';
import { endpointFileName, leastRoom } from './endpoint-name.ts';
import { type LockOptions, withLock } from './name-lock.ts';
import {
  type FileIdentity,
  isSameFile,
  lookAt,
  lookAtOwn,
  maxPathBytes,
  type Obstacle,
  place,
  unlinkIfSame,
  unlinkIfThere,
} from './socket-file.ts';
import { longestTemporaryName, temporaryName } from './temporary-name.ts';

/** What DIR/NAME.json says. */
export interface Claim extends ProcessIdentity {
  name: string;
  /** What the server speaks, so that who connects need not ask. */
  dialects?: readonly string[] | undefined;
  /** Of the program or library; for people. */
  version?: string | undefined;
  /** Callers are asked for a secret. */
  secret?: boolean | undefined;
}

/** The files of an endpoint. */
export interface EndpointFiles {
  address: string;
  directory: string;
  /** The name in the file system, by which it is also locked. */
  file: string;
  socket: string;
  claim: string;
}

/** Throws `ERR_BAD_ADDRESS` for an empty name, or a directory whose path leaves no room. */
export function endpointFiles(
  name: string,
  directory: string,
  limit: number = maxPathBytes(),
): EndpointFiles {
  const left = limit - Buffer.byteLength(directory) - '/'.length;
  const room = left - '.sock'.length;
  const missing = Math.max(leastRoom - room, longestTemporaryName - left);
  if (missing > 0)
    throw new KindredError(
      'ERR_BAD_ADDRESS',
      `the path of the runtime directory ${directory} is ${missing} bytes too long for sockets in it: set KINDRED_RUNTIME_DIR to a shorter one`,
      { outcome: 'not-sent' },
    );
  const file = endpointFileName(name, room);
  return {
    address: `local:${name}`,
    directory,
    file,
    socket: join(directory, `${file}.sock`),
    claim: join(directory, `${file}.json`),
  };
}

export interface Claimed<Socket> {
  server: Socket;
  identity: FileIdentity;
  claim: Claim;
}

/**
 * `open` makes a socket that listens at a path. Throws `ERR_ADDRESS_IN_USE`, `ERR_TIMEOUT` (the lock). The directory has been
 * checked.
 */
export async function claimEndpoint<Socket extends { close(): unknown }>(
  files: EndpointFiles,
  name: string,
  about: Pick<Claim, 'dialects' | 'version' | 'secret'>,
  open: (path: string) => Promise<Socket>,
  lock: LockOptions,
): Promise<Claimed<Socket>> {
  const bound = join(files.directory, temporaryName());
  let server: Socket | undefined;
  try {
    server = await open(bound);
    chmodSync(bound, 0o600);
    const identity = lookAtOwn(bound);
    const claim: Claim = { ...identityOfProcess(process.pid), name, ...about };
    const work = () =>
      place(
        bound,
        files.socket,
        (obstacle) => inUse(files, obstacle),
        () => writeClaim(files, claim),
      );
    await withLock(files.directory, files.file, work, lock);
    return { server, identity, claim };
  } catch (error) {
    server?.close();
    throw error;
  } finally {
    unlinkIfThere(bound);
  }
}

/** Writes the claim again, which somebody has removed, where the socket is still this server's. */
export function restoreClaim(
  files: EndpointFiles,
  { identity, claim }: Pick<Claimed<never>, 'identity' | 'claim'>,
  lock: LockOptions,
): Promise<void> {
  const restore = (): void => {
    if (isSameFile(lookAt(files.socket), identity)) writeClaim(files, claim);
  };
  return withLock(files.directory, files.file, restore, lock);
}

/** Takes the socket and its claim away, where they are still this server's. */
export function releaseEndpoint(
  files: EndpointFiles,
  identity: FileIdentity,
  lock: LockOptions,
): Promise<void> {
  const release = (): void => {
    if (unlinkIfSame(files.socket, identity)) unlinkIfThere(files.claim);
  };
  return withLock(files.directory, files.file, release, lock);
}

/** Undefined where there is none, or none that can be read and understood. */
export function readClaim(files: Pick<EndpointFiles, 'claim'>): Claim | undefined {
  let value: unknown;
  try {
    value = JSON.parse(readFileSync(files.claim, 'utf8'));
  } catch {
    return undefined;
  }
  const { name, pid, started, boot, dialects, version, secret } = (value ?? {}) as Record<string, unknown>;
  if (typeof name !== 'string' || !Number.isSafeInteger(pid)) return undefined;
  return {
    name,
    pid: pid as number,
    started: Number.isSafeInteger(started) ? (started as number) : undefined,
    boot: typeof boot === 'string' ? boot : undefined,
    dialects: Array.isArray(dialects) ? dialects.filter((each) => typeof each === 'string') : undefined,
    version: typeof version === 'string' ? version : undefined,
    secret: secret === true ? true : undefined,
  };
}

function writeClaim(files: EndpointFiles, claim: Claim): void {
  const temporary = join(files.directory, temporaryName());
  try {
    writeFileSync(temporary, `${JSON.stringify(claim)}\n`, { mode: 0o600, flag: 'wx' });
    renameSync(temporary, files.claim);
  } catch (error) {
    unlinkIfThere(temporary);
    throw error;
  }
}

export function inUse(files: EndpointFiles, { found }: Obstacle): KindredError {
  if (found.what !== 'socket')
    return new KindredError(
      'ERR_ADDRESS_IN_USE',
      `${files.address} is in use: there is ${found.what} at ${files.socket}: remove it`,
    );
  const pid = readClaim(files)?.pid;
  const who =
    pid === undefined ? 'another process' : pid === process.pid ? `this process (${pid})` : `process ${pid}`;
  return new KindredError(
    'ERR_ADDRESS_IN_USE',
    `${files.address} is in use: ${who} serves it`,
    pid === undefined ? {} : { data: { pid } },
  );
}
