/** Bytes of a connection that this process has read already, and that belong to whoever gets it. */
import { Buffer } from 'node:buffer';
import type { Socket } from 'node:net';
import { isReading, startReading, stopReading } from './node-internals.ts';

export interface ReadAhead {
  readonly bytes: Buffer;
  readonly wasReading: boolean;
}

/** Stops reading, and takes out what was read. Afterwards nothing is read of the socket here. */
export function takeOut(socket: Socket): ReadAhead {
  const wasReading = isReading(socket);
  if (!wasReading && socket.readableLength === 0) return { bytes: Buffer.alloc(0), wasReading };
  socket.pause();
  // Otherwise a client that writes no more would be answered with our own end of writing.
  socket.allowHalfOpen = true;
  // Exactly as much as there is: to ask for more would be to hear of the end, and then nothing can be put back.
  const bytes: Buffer | null = socket.readableLength > 0 ? socket.read(socket.readableLength) : null;
  stopReading(socket);
  return { bytes: bytes ?? Buffer.alloc(0), wasReading };
}

export function putBack(socket: Socket, { bytes, wasReading }: ReadAhead): void {
  if (socket.destroyed) return;
  if (bytes.length > 0) socket.unshift(bytes);
  if (wasReading) startReading(socket);
}
