/** Bytes from a `Readable` through a socket into a `Writable`, with nothing but `pipe`: the measure of streams. */
import { Readable, Writable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { Contender } from '../contender.ts';
import { chunkBytes } from '../service.ts';
import { dial, listen } from './by-hand/lines.ts';

const chunk = Buffer.alloc(chunkBytes, 7);

export const contender: Contender = {
  serve: (_service, { address }) =>
    listen(address, (socket) => {
      // The client says how many chunks it wants, and gets them; each stream has a connection of its own.
      socket.once('data', (wanted: Buffer) => {
        let left = Number(wanted.toString().split(' ')[0]);
        const fresh = wanted.toString().endsWith('fresh');
        const source = new Readable({
          highWaterMark: chunkBytes,
          read() {
            this.push(left-- > 0 ? (fresh ? Buffer.from(chunk) : chunk) : null);
          },
        });
        source.pipe(socket);
      });
    }),

  async connect({ address }) {
    return {
      async chunks(count, take, fresh = false) {
        const socket = await dial(address);
        socket.write(`${count} ${fresh ? 'fresh' : 'same'}`);
        const sink = new Writable({
          write(bytes, _encoding, done) {
            const taken = take(bytes);
            if (taken === undefined) done();
            else taken.then(() => done(), done);
          },
        });
        await pipeline(socket, sink);
      },
      close() {},
    };
  },
};
