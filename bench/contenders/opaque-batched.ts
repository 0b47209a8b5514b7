/** 64 bytes for each message, as many in a write as there are: the limit of sockets in JavaScript. */
import type { Contender } from '../contender.ts';
import { dial, listen } from './by-hand/lines.ts';

const messageBytes = 64;
const most = 1024;
const many = Buffer.alloc(messageBytes * most, 7);

export const contender: Contender = {
  serve: (_service, { address }) =>
    listen(address, (socket) => {
      socket.on('data', (chunk) => socket.write(chunk));
    }),

  async connect({ address }) {
    const socket = await dial(address);
    const waiting: (() => void)[] = [];
    let first = 0;
    let unsent = 0;
    let gotBytes = 0;
    const flush = (): void => {
      for (; unsent > 0; unsent -= Math.min(unsent, most))
        socket.write(many.subarray(0, Math.min(unsent, most) * messageBytes));
    };
    socket.on('data', (chunk: Buffer) => {
      gotBytes += chunk.length;
      for (; gotBytes >= messageBytes; gotBytes -= messageBytes) waiting[first++]?.();
      if (first < most) return;
      waiting.splice(0, first);
      first = 0;
    });
    return {
      echo: (value) =>
        new Promise((resolve) => {
          waiting.push(() => resolve(value));
          if (unsent++ === 0) process.nextTick(flush);
        }),
      close: () => void socket.destroy(),
    };
  },
};
