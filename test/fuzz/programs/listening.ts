/** Serves at the addresses of its arguments, tells its parent where, and ends with it. */
import { readdirSync } from 'node:fs';
import { type Server, serve } from '../../../src/index.ts';
import { usedMemory } from '../memory.ts';
import { service } from '../service.ts';

export const listening = {
  ...service,
  /** Not for ever: a stranger that has ended its side is answered all the same, and nobody tells whether it still reads. */
  never: () => new Promise<void>((resolve) => setTimeout(resolve, 100)),
  async status() {
    const { heapBytes, rssBytes } = await usedMemory();
    return {
      heapBytes,
      rssBytes,
      peers: servers.reduce((sum, { peers }) => sum + peers.size, 0),
      descriptors: readdirSync('/proc/self/fd').length,
    };
  },
};

const servers: Server[] = [];

async function main(): Promise<void> {
  const limits = { maxMessageBytes: 64 * 1024, maxBufferedBytes: 256 * 1024, handshakeMs: 1000 };
  for (const address of process.argv.slice(2)) servers.push(await serve(address, listening, { limits }));
  process.send?.(servers.map(({ address }) => address));
  process.once('disconnect', async () => {
    for (const server of servers) await server.close();
  });
}

void main();
