/**
 * A secret that two ends have in common, by which each proves to the other who it is without sending it: given as it is,
 * or kept in a file that nobody but its owner can read.
 */
import { closeSync, constants, fstatSync, openSync, readSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { KindredError } from '../base/errors.ts';
import { randomBytes } from './cryptography.ts';
import { tryLink, unlinkIfThere } from './socket-file.ts';
import { codeOf, reasonOf } from './system-errors.ts';

/** At least 16 bytes that nobody can guess; a string stands for its UTF-8. */
export type Secret = string | Uint8Array | SecretFile;

/** The bytes of a file, up to 4096, without the line ends behind them. */
export interface SecretFile {
  /** Its path. It must belong to this user, and nobody else may have any right to it. */
  readonly file: string | URL;
  /** Whoever serves makes it where it is missing: 32 random bytes as hexadecimal digits. Of whoever connects, ignored. Default false. */
  readonly create?: boolean | undefined;
}

const leastBytes = 16;
const mostBytes = 4096;
const mend = 'give 16 or more at random, as `openssl rand -hex 32` prints them';

/**
 * The bytes of a secret. `what`: how it is called in errors. Throws `ERR_BAD_ARGUMENT` where it is none or too short,
 * `ERR_UNSAFE_FILE`, and `ERR_NOT_REACHABLE` where the file is missing and is not to be made: a server may make it yet.
 */
export function readSecret(what: string, secret: Secret, mayCreate: boolean): Uint8Array {
  if (typeof secret === 'string') return checked(what, new TextEncoder().encode(secret));
  if (secret instanceof Uint8Array) return checked(what, Uint8Array.from(secret));
  const file: unknown = (secret as Partial<SecretFile> | null | undefined)?.file;
  if (!(file instanceof URL) && (typeof file !== 'string' || file === ''))
    throw new KindredError(
      'ERR_BAD_ARGUMENT',
      `${what} is none: give a string, a Uint8Array or { file }, or leave the option out`,
      { outcome: 'not-sent' },
    );
  const path = file instanceof URL ? fileURLToPath(file) : file;
  const found = readSecretFile(path);
  if (found !== undefined) return checked(`${what}, in ${path},`, found);
  if (!mayCreate || (secret as SecretFile).create !== true)
    throw new KindredError(
      mayCreate ? 'ERR_BAD_ARGUMENT' : 'ERR_NOT_REACHABLE',
      `there is no ${path} for ${what}: ${mayCreate ? 'say { create: true } to have it made' : 'start the server that makes it, or copy its file'}`,
      { outcome: 'not-sent' },
    );
  makeSecretFile(path);
  // Ours, or that of another server that was faster.
  return checked(`${what}, in ${path},`, readSecretFile(path) ?? new Uint8Array());
}

function checked(what: string, bytes: Uint8Array): Uint8Array {
  if (bytes.length < leastBytes)
    throw new KindredError('ERR_BAD_ARGUMENT', `${what} has ${bytes.length} bytes: ${mend}`, {
      outcome: 'not-sent',
    });
  return bytes;
}

/** Undefined where there is none. What is checked is what is read: one descriptor for both. */
function readSecretFile(path: string): Uint8Array | undefined {
  let fd: number;
  try {
    // A pipe must not hold us up before it is known to be one.
    fd = openSync(path, constants.O_RDONLY | (constants.O_NONBLOCK ?? 0));
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return undefined;
    throw unsafe(path, `cannot be read: ${reasonOf(error)}`, error);
  }
  try {
    checkRights(path, fd);
    const buffer = Buffer.alloc(mostBytes + 1);
    let end = 0;
    for (let read = -1; read !== 0 && end < buffer.length; end += read)
      read = readSync(fd, buffer, end, buffer.length - end, null);
    if (end > mostBytes) throw unsafe(path, `has more than ${mostBytes} bytes: it is no secret`);
    while (end > 0 && (buffer[end - 1] === 0x0a || buffer[end - 1] === 0x0d)) end--;
    return Uint8Array.from(buffer.subarray(0, end));
  } finally {
    closeSync(fd);
  }
}

/** Windows has no such rights; there a file is as private as the directory that it is in. */
function checkRights(path: string, fd: number): void {
  const stats = fstatSync(fd);
  if (!stats.isFile()) throw unsafe(path, 'is no regular file: give the path of one');
  const uid = process.geteuid?.();
  if (uid === undefined) return;
  const mode = (stats.mode & 0o7777).toString(8).padStart(4, '0');
  if (stats.uid !== uid)
    throw unsafe(path, `belongs to user ${stats.uid}, not to user ${uid} (mode ${mode}): give one of yours`);
  if ((stats.mode & 0o077) !== 0)
    throw unsafe(path, `has mode ${mode}, so that others can get at it: make a new secret, and chmod 600 it`);
}

/** Whole and private from the moment in which it appears. */
function makeSecretFile(path: string): void {
  const temporary = `${path}.${process.pid}.${randomBytes(4).toString('hex')}.new`;
  try {
    writeFileSync(temporary, `${randomBytes(32).toString('hex')}\n`, { mode: 0o600, flag: 'wx' });
    tryLink(temporary, path);
  } catch (error) {
    throw unsafe(path, `cannot be made in ${dirname(path)}: ${reasonOf(error)}`, error);
  } finally {
    unlinkIfThere(temporary);
  }
}

function unsafe(path: string, fault: string, cause?: unknown): KindredError {
  return new KindredError('ERR_UNSAFE_FILE', `the secret file ${path} ${fault}`, {
    outcome: 'not-sent',
    ...(cause === undefined ? {} : { cause }),
  });
}
