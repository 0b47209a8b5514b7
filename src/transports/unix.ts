/** `unix:/path.sock`: an explicit path, with the rights that its owner wants from its first moment on. */
import {
  chmodSync,
  chownSync,
  closeSync,
  constants,
  mkdtempSync,
  openSync,
  readFileSync,
  realpathSync,
  rmdirSync,
} from 'node:fs';
import { createServer } from 'node:net';
import { basename, dirname, join } from 'node:path';
import { KindredError } from '../base/errors.ts';
import type { ByteTransport } from '../channel/transport.ts';
import { formatAddress } from './address.ts';
import { type DialOptions, dialPath } from './dial.ts';
import {
  createAcceptor,
  createListener,
  type Listener,
  type ListenOptions,
  type OnTransport,
  openServer,
} from './listener.ts';
import { withLock } from './name-lock.ts';
import { ensureRuntimeDirectory, runtimeDirectory } from './runtime-directory.ts';
import {
  checkPathLength,
  type FileIdentity,
  findObstacle,
  lookAtOwn,
  maxPathBytes,
  type Obstacle,
  place,
  tryLink,
  unlinkIfSame,
  unlinkIfThere,
} from './socket-file.ts';
import { cannotListen, codeOf } from './system-errors.ts';

export async function dialUnix(path: string, options: DialOptions = {}): Promise<ByteTransport> {
  const address = formatAddress({ kind: 'unix', path });
  checkPathLength(address, path);
  return await dialPath(address, path, options);
}

export interface ListenUnixOptions extends ListenOptions {
  /** The rights of the socket. Default 0o600: its owner alone. */
  mode?: number | undefined;
  /** The group of the socket, by number or by a name in /etc/group. */
  group?: number | string | undefined;
}

/** Throws `ERR_ADDRESS_IN_USE` (a live server, or something that is no socket), `ERR_BAD_ADDRESS`, `ERR_BAD_ARGUMENT`. */
export async function listenUnix(
  path: string,
  options: ListenUnixOptions,
  onTransport: OnTransport,
): Promise<Listener> {
  const address = formatAddress({ kind: 'unix', path });
  const server = createServer({ allowHalfOpen: true });
  let connections = 0;
  createAcceptor(() => `${address}, connection ${++connections}`, onTransport, options).attach(server);
  const placed = await placeUnix(path, options, async (name) => {
    await openServer(server, { path: name, exclusive: true });
    return server;
  });
  return createListener(address, server, placed);
}

/** A socket that has its name. */
export interface PlacedUnix<Socket> {
  readonly socket: Socket;
  /** Removes the name, where it still is this socket's; before the socket is closed. */
  before(): void;
  /** After the socket is closed. */
  after(): void;
}

/**
 * Gives a socket its path, when it listens and has its rights. `open` has it listen at a passing one; it is closed where the
 * rest fails.
 *
 * Throws `ERR_ADDRESS_IN_USE` (a live server, or something that is no socket), `ERR_BAD_ADDRESS`, `ERR_BAD_ARGUMENT`.
 */
export async function placeUnix<Socket extends { close(): unknown }>(
  path: string,
  options: Pick<ListenUnixOptions, 'mode' | 'group'>,
  open: (name: string) => Promise<Socket>,
): Promise<PlacedUnix<Socket>> {
  const address = formatAddress({ kind: 'unix', path });
  checkPathLength(address, path);
  if (
    options.mode !== undefined &&
    !(Number.isInteger(options.mode) && options.mode >= 0 && options.mode <= 0o777)
  )
    throw new KindredError(
      'ERR_BAD_ARGUMENT',
      `${address}: mode ${options.mode} is none: it is a number from 0 to 0o777, such as 0o660`,
    );
  const gid = options.group === undefined ? undefined : groupId(options.group);
  let bound: Bound<Socket> | undefined;
  try {
    bound = await bindPrivately(address, open, path, options.mode ?? 0o600, gid);
    await giveName(address, bound.path, path);
  } catch (error) {
    bound?.socket.close();
    bound?.dismiss();
    throw cannotListen(address, error);
  }
  const { socket, dismiss, identity } = bound;
  bound.tidy();
  return {
    socket,
    before() {
      try {
        unlinkIfSame(path, identity);
      } catch {
        // The directory is no longer ours to write in. A dead socket that stays there blocks nobody.
      }
    },
    after: dismiss,
  };
}

interface Bound<Socket> {
  socket: Socket;
  path: string;
  /** Under whatever name: it is the same file. */
  identity: FileIdentity;
  /** Removes the passing name; to be called when the socket has its real one. */
  tidy(): void;
  /** The same, and whatever had to be kept until the server was closed. */
  dismiss(): void;
}

/**
 * Binds in a new directory beside the path, which nobody else can enter, so that mode and group are set before anybody
 * can connect. (`umask` would do without the directory, but belongs to the process and does not exist in threads.)
 */
async function bindPrivately<Socket extends { close(): unknown }>(
  address: string,
  open: (name: string) => Promise<Socket>,
  path: string,
  mode: number,
  gid: number | undefined,
): Promise<Bound<Socket>> {
  const folder = mkdtempSync(join(dirname(path), '.kin-'));
  const socket = join(folder, 's');
  let fd: number | undefined;
  let opened: Socket | undefined;
  const tidy = () => {
    unlinkIfThere(socket);
    try {
      rmdirSync(folder);
    } catch (error) {
      if (codeOf(error) !== 'ENOENT') throw error;
    }
  };
  const dismiss = () => {
    tidy();
    if (fd !== undefined) closeSync(fd);
    fd = undefined;
  };
  try {
    let name = socket;
    if (Buffer.byteLength(socket) > maxPathBytes() && process.platform === 'linux') {
      // The passing name is longer than the real one; through the descriptor of its directory it is short. libuv unlinks
      // by that name when the server closes, so the descriptor stays open until then.
      fd = openSync(folder, constants.O_RDONLY | constants.O_DIRECTORY);
      name = `/proc/self/fd/${fd}/s`;
    }
    checkPathLength(address, name);
    opened = await open(name);
    if (gid !== undefined) giveToGroup(address, socket, gid);
    chmodSync(socket, mode);
    return { socket: opened, path: socket, identity: lookAtOwn(socket), tidy, dismiss };
  } catch (error) {
    opened?.close();
    dismiss();
    throw error;
  }
}

/** Without a lock where nothing is in the way; a dead socket is taken away under one. */
async function giveName(address: string, bound: string, path: string): Promise<void> {
  if (tryLink(bound, path)) return;
  const obstacle = await findObstacle(path);
  if (obstacle?.alive) throw inUse(address, obstacle);
  const directory = runtimeDirectory();
  ensureRuntimeDirectory(directory);
  const key = join(realpathSync(dirname(path)), basename(path));
  await withLock(directory, `unix:${key}`, () => place(bound, path, (found) => inUse(address, found)));
}

function inUse(address: string, { found }: Obstacle): KindredError {
  const who =
    found.what === 'socket'
      ? 'a live server listens there'
      : `there is ${found.what} at that path: remove it, or take another path`;
  return new KindredError('ERR_ADDRESS_IN_USE', `${address} is in use: ${who}`);
}

function giveToGroup(address: string, socket: string, gid: number): void {
  try {
    chownSync(socket, -1, gid);
  } catch (cause) {
    throw new KindredError(
      'ERR_BAD_ARGUMENT',
      `${address} cannot be given to group ${gid}: its owner has to be a member of that group`,
      { cause },
    );
  }
}

/** Throws `ERR_BAD_ARGUMENT` for a name that is not in the file. */
export function groupId(group: number | string, file = '/etc/group'): number {
  if (typeof group === 'number') {
    if (Number.isInteger(group) && group >= 0) return group;
    throw new KindredError('ERR_BAD_ARGUMENT', `group ${group} is no group number`);
  }
  for (const line of readFileSync(file, 'utf8').split('\n')) {
    const [name, , gid] = line.split(':');
    if (name === group && gid !== undefined && /^\d+$/.test(gid)) return Number(gid);
  }
  throw new KindredError(
    'ERR_BAD_ARGUMENT',
    `there is no group ${JSON.stringify(group)} in ${file}: give its number`,
  );
}
