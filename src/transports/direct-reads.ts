/**
 * Sockets that this end opens itself are read right into where the bytes are wanted: the rest of a large message into
 * its own memory, all else into one buffer that serves every socket. Node.js otherwise makes 64 KiB of new memory for
 * each read, from which a large message is copied into memory of its own, which is new too: 1020 ms of processor time for
 * a GB of them, against 640.
 *
 * For sockets that are accepted Node.js has no such way; nor are there two reads in one buffer on Windows, where the
 * system may fill several at a time.
 */
import { connect, type NetConnectOpts, Socket } from 'node:net';
import type { ByteReceiver } from '../channel/transport.ts';

/** As much as Node.js itself reads at a time. */
const sharedBuffer = Buffer.allocUnsafeSlow(64 * 1024);

class DirectReads {
  receiver: ByteReceiver | undefined;
  readonly onread = {
    buffer: (): Uint8Array => this.receiver?.room?.() ?? sharedBuffer,
    callback: (bytes: number, buffer: Uint8Array): boolean => {
      this.receiver?.data(buffer.subarray(0, bytes));
      return true;
    },
  };
}

const reads = new WeakMap<object, DirectReads>();

/** `net.connect`. The socket is paused. */
export function connectSocket(options: NetConnectOpts): Socket {
  return direct((onread) => connect({ ...options, ...onread }));
}

/** `new net.Socket` for an open descriptor. The socket is paused. */
export function openSocket(fd: number): Socket {
  return direct(
    (onread) => new Socket({ fd, readable: true, writable: true, allowHalfOpen: true, ...onread }),
  );
}

/** From now on the bytes of the socket go to this receiver. False where it is no socket that reads directly. */
export function readDirectly(socket: object, receiver: ByteReceiver): boolean {
  const found = reads.get(socket);
  if (found === undefined) return false;
  found.receiver = receiver;
  return true;
}

function direct(open: (onread: Partial<Pick<DirectReads, 'onread'>>) => Socket): Socket {
  if (process.platform === 'win32') return open({});
  const made = new DirectReads();
  const socket = open(made);
  reads.set(socket, made);
  // Nothing may be read before somebody hears it.
  return socket.pause();
}
