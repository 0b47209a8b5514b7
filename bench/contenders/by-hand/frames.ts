/** Frames by hand: four bytes of length, then so many bytes, put together in one buffer. */
import type { Socket } from 'node:net';

export function readFrames(socket: Socket, onFrame: (body: Buffer) => void): void {
  const header = Buffer.allocUnsafe(4);
  let headerBytes = 0;
  let body: Buffer | undefined;
  let bodyBytes = 0;
  socket.on('data', (chunk: Buffer) => {
    for (let at = 0; at < chunk.length; ) {
      if (body === undefined) {
        const taken = chunk.copy(header, headerBytes, at);
        headerBytes += taken;
        at += taken;
        if (headerBytes < 4) return;
        headerBytes = 0;
        const length = header.readUInt32LE(0);
        if (at + length <= chunk.length) {
          onFrame(chunk.subarray(at, at + length));
          at += length;
          continue;
        }
        body = Buffer.allocUnsafe(length);
        bodyBytes = 0;
      }
      const taken = chunk.copy(body, bodyBytes, at);
      bodyBytes += taken;
      at += taken;
      if (bodyBytes === body.length) {
        const whole = body;
        body = undefined;
        onFrame(whole);
      }
    }
  });
}

export function writeFrame(socket: Socket, body: Uint8Array): boolean {
  const header = Buffer.allocUnsafe(4);
  header.writeUInt32LE(body.byteLength);
  socket.cork();
  socket.write(header);
  const written = socket.write(body);
  socket.uncork();
  return written;
}
