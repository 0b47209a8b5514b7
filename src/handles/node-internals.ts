/**
 * The few things about sockets that Node.js knows and has no public name for. All of them are here, and each looks
 * before it touches, so that a Node.js that has changed gives a clear error or the next best, never a crash.
 *
 * Seen to be so on Node.js 22, 24 and 26.
 */
import { Socket as DatagramSocket } from 'node:dgram';
import type { ServerResponse } from 'node:http';
import net, { isIPv6, type Server, type Socket } from 'node:net';
import { getSystemErrorName } from 'node:util';
import { KindredError } from '../base/errors.ts';

/** What Node.js calls a handle: the open descriptor behind a socket. */
interface Native {
  reading?: boolean;
  readStart?: () => number;
  readStop?: () => number;
  fd?: number;
}

/**
 * From now on nothing is read from the socket: what arrives stays with the operating system, for whoever reads next.
 * (`pause` alone lets Node.js go on reading into its own buffer.)
 */
export function stopReading(socket: Socket): void {
  const native = nativeOf(socket);
  if (native?.reading !== true || native.readStop === undefined) return;
  native.reading = false;
  native.readStop();
}

export function startReading(socket: Socket): void {
  const native = nativeOf(socket);
  if (native === undefined || native.reading === true || native.readStart === undefined) return;
  native.reading = true;
  native.readStart();
}

/**
 * A socket that was accepted with `pauseOnConnect` is from now on as one that has just arrived from another process: to
 * listen to its data starts them. (`resume` would start them at once, and lose those that nobody hears.)
 */
export function unpause(socket: Socket): void {
  // The setter is there for `net` itself.
  (socket as { readableFlowing: boolean | null }).readableFlowing = null;
  startReading(socket);
}

export function isReading(socket: Socket): boolean {
  return nativeOf(socket)?.reading === true;
}

/** Whether the operating system still has something open behind it. */
export function isOpen(handle: object): boolean {
  return nativeOf(handle) !== undefined;
}

/** Whether the other side has been heard to write no more, also while bytes of it wait to be read. */
export function hasEnded(socket: Socket): boolean {
  return (socket as { _readableState?: { ended?: boolean } })._readableState?.ended === true;
}

/** Whether it is a Unix domain socket, or a named pipe of Windows. */
export function isPipe(handle: object): boolean {
  return nativeOf(handle)?.constructor.name === 'Pipe';
}

/** The answer to the HTTP request that came last on this connection, until it is sent; none over TLS, and of other protocols. */
export function answerUnderWay(socket: Socket): ServerResponse | undefined {
  const { _httpMessage: message } = socket as { _httpMessage?: Partial<ServerResponse> | null };
  return typeof message?.setHeader === 'function' ? (message as ServerResponse) : undefined;
}

/**
 * Node.js keeps a book of its own on every passed socket that belongs to a server: from then on the server asks each
 * child when it closes, and waits for ever for one that was killed. Without its server it is a socket like any other;
 * the server still counts it until it is destroyed here.
 */
export function forgetServer(socket: Socket): void {
  const owned = socket as { server?: unknown };
  if ('server' in owned) owned.server = null;
}

/**
 * A connection that a server has not accepted itself is from now on one of its own: it counts it, and is closed only when it
 * has ended. Where Node.js does not count so any more, the server ends without waiting for it.
 */
export function countAmong(server: Server, socket: Socket): void {
  const counting = server as { _connections?: unknown };
  const counted = socket as { _server?: unknown };
  if (typeof counting._connections !== 'number' || !('_server' in counted)) return;
  counting._connections++;
  counted._server = server;
}

/**
 * The number of the descriptor behind a listening server, a bound datagram socket, or a `net.BoundSocket` (whose `fd` is
 * public, from Node.js 24.19). Throws `ERR_NOT_SUPPORTED` where there is none: on Windows, in a worker of `node:cluster`
 * (whose listeners belong to the primary), before it listens.
 */
export function descriptorOf(handle: Server | DatagramSocket | { fd(): number }): number {
  const bound = handle as { fd?: unknown };
  const fd: unknown = typeof bound.fd === 'function' ? bound.fd() : nativeOf(handle)?.fd;
  if (typeof fd !== 'number' || !Number.isSafeInteger(fd) || fd < 0)
    throw new KindredError(
      'ERR_NOT_SUPPORTED',
      'a server has no descriptor that could be passed on: it does not listen yet, or this platform or Node.js does not tell',
    );
  return fd;
}

/** A socket that is bound and does not listen. */
export interface BoundHandle {
  readonly fd: number;
  /** Of TCP: where the system has bound it. */
  readonly port: number | undefined;
  close(): void;
}

/** As libuv has it. */
const reusePortFlag = 2;

/**
 * Binds a socket, and no more: a server of Node.js would accept what comes at once. As `node:cluster` does it for its
 * workers. (`net.BoundSocket` would be the public name, from Node.js 24.21.)
 *
 * Throws `ERR_NOT_SUPPORTED` where this Node.js does not do it, and what the system says, as Node.js does: `EADDRINUSE`.
 */
export function bindOnly(
  where: { ip: string; port: number; reusePort?: boolean | undefined } | { path: string },
): BoundHandle {
  type Raw = Native & { close(): void; getsockname?(out: object): number };
  const { _createServerHandle: bind } = net as unknown as {
    _createServerHandle?: (
      at: string,
      port: number,
      family: number,
      fd: number,
      flags: number,
    ) => Raw | number;
  };
  if (bind === undefined)
    throw new KindredError(
      'ERR_NOT_SUPPORTED',
      'this Node.js does not bind a socket without accepting from it',
    );
  const raw =
    'path' in where
      ? bind(where.path, -1, -1, -1, 0)
      : bind(
          where.ip,
          where.port,
          isIPv6(where.ip) ? 6 : 4,
          -1,
          where.reusePort === true ? reusePortFlag : 0,
        );
  if (typeof raw === 'number') throw systemError(raw, 'bind');
  // A port that is taken shows only now.
  const at: { port?: number } = {};
  const failure = 'path' in where ? 0 : (raw.getsockname?.(at) ?? 0);
  const { fd } = raw;
  if (failure !== 0 || typeof fd !== 'number' || fd < 0) {
    raw.close();
    if (failure !== 0) throw systemError(failure, 'bind');
    throw new KindredError('ERR_NOT_SUPPORTED', 'this platform does not tell the descriptor of a socket');
  }
  return { fd, port: at.port, close: () => raw.close() };
}

function systemError(errno: number, call: string): Error {
  const code = getSystemErrorName(errno);
  return Object.assign(new Error(`${call} ${code}`), { errno, code, syscall: call });
}

function nativeOf(handle: object): Native | undefined {
  if (handle instanceof DatagramSocket) {
    // It hides its state behind a symbol.
    const state = Object.getOwnPropertySymbols(handle).find(
      ({ description }) => description === 'state symbol',
    );
    if (state === undefined) return undefined;
    return (handle as unknown as Record<symbol, { handle?: Native | null }>)[state]?.handle ?? undefined;
  }
  return (handle as { _handle?: Native | null })._handle ?? undefined;
}
