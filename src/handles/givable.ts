/** What can change hands, what cannot, and why. */
import { Socket as DatagramSocket } from 'node:dgram';
import { Server, Socket } from 'node:net';
import { KindredError } from '../base/errors.ts';
import type { HandleKind } from './envelope.ts';
import { isOpen, isPipe } from './node-internals.ts';

/** What can change hands: a connection, a listening server, a bound datagram socket. */
export type Handle = Socket | Server | DatagramSocket;

/** A socket goes to one process at a time, over whatever channel: a fact of the whole process. */
export const moving: WeakSet<Handle> = new WeakSet();

/**
 * Whether it is a handle among values. A socket that can only be read (the stdout of a child, a connection whose own side
 * has ended) is a stream of its bytes like any other.
 */
export function isPassable(value: unknown): value is Handle {
  if (value instanceof Socket) return !value.readable || value.writable;
  return value instanceof Server || value instanceof DatagramSocket;
}

/** Throws `ERR_BAD_ARGUMENT` for what is none. */
export function kindOf(handle: Handle): HandleKind {
  if (handle instanceof Socket) return 'socket';
  if (handle instanceof Server) return 'server';
  if (handle instanceof DatagramSocket) return 'datagram';
  throw new KindredError(
    'ERR_BAD_ARGUMENT',
    'what can be given is a net.Socket, a net.Server or a dgram.Socket',
  );
}

/** Node.js would report it as sent, and the other end get nothing (measured). */
export function isGone(handle: Handle): boolean {
  return !isOpen(handle) || (handle instanceof Socket && handle.destroyed);
}

/** `keep`: our copy is to stay open. Throws `ERR_BAD_ARGUMENT` and `ERR_NOT_SUPPORTED` with the reason. */
export function checkGivable(handle: Handle, keep: boolean, to: string): void {
  const kind = kindOf(handle);
  const refuse = (fault: string): never => {
    throw new KindredError('ERR_BAD_ARGUMENT', `a ${kind} cannot be given to ${to}: ${fault}`);
  };
  if (process.platform === 'win32' && (kind === 'datagram' || isPipe(handle)))
    throw new KindredError(
      'ERR_NOT_SUPPORTED',
      'Windows passes neither datagram sockets nor named pipes between processes: take TCP',
    );
  if (!keep && moving.has(handle)) refuse('it is on its way already');
  if (handle instanceof Server && !handle.listening) refuse('it does not listen');
  if (handle instanceof DatagramSocket && !isBound(handle)) refuse('it is not bound');
  if (!(handle instanceof Socket)) return;
  // As `tls` tells its sockets from others.
  if ((handle as { encrypted?: boolean }).encrypted === true)
    refuse('its keys stay in this process; give the raw socket, and let the other end speak TLS');
  if (handle.connecting) refuse('it is not connected yet');
  if (handle.writableLength > 0) refuse(`${handle.writableLength} bytes of it are not written yet`);
  if (keep) refuse('two processes cannot share a connection; leave `keep` out');
}

function isBound(socket: DatagramSocket): boolean {
  try {
    return socket.address().port > 0;
  } catch {
    return false;
  }
}

/**
 * Whether what arrived can be used. A connection that was reset has its own address still, but nobody's at the other end.
 */
export function isUsable(handle: Handle): boolean {
  if (!isOpen(handle)) return false;
  if (!(handle instanceof Socket)) return handle instanceof Server || handle instanceof DatagramSocket;
  return !handle.destroyed && (handle.localAddress === undefined || handle.remoteAddress !== undefined);
}

/** Closes this process's copy, and no more: the connection goes on where others hold it. */
export function drop(handle: Handle | undefined): void {
  if (handle instanceof Socket) handle.destroy();
  else if (handle !== undefined && isOpen(handle)) handle.close();
}
