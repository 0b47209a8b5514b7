/**
 * Bytes in frames, a write each, which nobody looks into: what a socket of Node.js does for messages at most, one at a
 * time. Answers come in the order of the questions. Where a case sends objects, 60 bytes stand for each.
 */
import type { Contender } from '../contender.ts';
import type { Payload } from '../payload.ts';
import { readFrames, writeFrame } from './by-hand/frames.ts';
import { dial, listen } from './by-hand/lines.ts';

const small = Buffer.alloc(64, 7);
small.writeUInt32LE(60);

export const contender: Contender = {
  serve: (service, { address }) =>
    listen(address, (socket) =>
      readFrames(socket, (body) => {
        if (body.length === 60) socket.write(small);
        else writeFrame(socket, service.bytes(body));
      }),
    ),

  async connect({ address }) {
    const socket = await dial(address);
    const waiting: ((body: Buffer) => void)[] = [];
    let first = 0;
    readFrames(socket, (body) => {
      waiting[first++]?.(body);
      if (first < 1024) return;
      waiting.splice(0, first);
      first = 0;
    });
    return {
      echo: <T extends Payload>(value: T) =>
        new Promise<T>((resolve) => {
          waiting.push(() => resolve(value));
          socket.write(small);
        }),
      bytes: (data) =>
        new Promise((resolve) => {
          waiting.push(resolve);
          writeFrame(socket, data);
        }),
      close: () => void socket.destroy(),
    };
  },
};
