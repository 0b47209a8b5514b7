/**
 * What the other end said before it closed, when we learn of the close by a failed write.
 *
 * The other end answers, or says why it leaves, and closes; at the same moment we write. Node.js destroys the socket at
 * the failed write (EPIPE), and what lies unread in the kernel is lost with it (measured on 22 to 26). So the rest is
 * read from the descriptor just before the socket is torn down.
 */
import { Socket } from 'node:net';
import type { Duplex } from 'node:stream';

/** More than any kernel keeps for one socket by default. */
const maxRescuedBytes = 8 * 1024 * 1024;
const chunkBytes = 64 * 1024;

/** Only plain sockets: of TLS the kernel holds but the cipher text. Where there is no descriptor (Windows) nothing is done. */
export function rescueLastWords(duplex: Duplex, hear: (chunk: Uint8Array) => void): void {
  if (!(duplex instanceof Socket) || 'encrypted' in duplex) return;
  const destroy = duplex._destroy;
  duplex._destroy = function (this: Socket, error, callback) {
    if (error !== null && (error as NodeJS.ErrnoException)?.syscall === 'write') readRest(this, hear);
    destroy.call(this, error, callback);
  };
}

function readRest(socket: Socket, hear: (chunk: Uint8Array) => void): void {
  const fd = (socket as { _handle?: { fd?: unknown } | null })._handle?.fd;
  if (typeof fd !== 'number' || fd < 0) return;
  // To import it costs every program 3 ms, for what is seldom needed.
  const { readSync } = process.getBuiltinModule('node:fs');
  try {
    for (let total = 0; total < maxRescuedBytes; ) {
      const buffer = Buffer.allocUnsafe(chunkBytes);
      const bytes = readSync(fd, buffer);
      if (bytes === 0) return;
      hear(buffer.subarray(0, bytes));
      total += bytes;
    }
  } catch {
    // EAGAIN: nothing more is there. Anything else: the connection is lost anyway, and the failed write tells why.
  }
}
