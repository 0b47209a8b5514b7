import assert from 'node:assert/strict';
import { once } from 'node:events';
import { type AddressInfo, connect as connectSocket, createServer, type Socket } from 'node:net';
import { it } from 'node:test';
import { connect, serve } from 'kindred';

/** Between two ends, until it goes dark: then nothing passes, and neither end is told. */
async function createLine(port: number) {
  const sockets: Socket[] = [];
  const server = createServer((near) => {
    const far = connectSocket(port, '127.0.0.1');
    sockets.push(near, far);
    for (const socket of [near, far]) socket.on('error', () => {});
    near.pipe(far).pipe(near);
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    address: `tcp://127.0.0.1:${(server.address() as AddressInfo).port}`,
    goDark: () => {
      for (const socket of sockets) socket.unpipe().pause();
    },
    close: () => {
      for (const socket of sockets) socket.destroy();
      server.close();
    },
  };
}

it('a call over a line that goes dark is told so, long before TCP gives up', async () => {
  const service = { ping: () => 'pong', hang: () => new Promise<never>(() => {}) };
  const server = await serve('tcp://127.0.0.1:0', service);
  const line = await createLine(Number(new URL(server.address).port));
  const peer = await connect<typeof service>(line.address, { limits: { heartbeatMs: 40 } });
  assert.equal(await peer.call.ping(), 'pong');
  const hanging = assert.rejects(peer.call.hang(), { code: 'ERR_PEER_GONE', outcome: 'unknown' });
  line.goDark();
  await assert.rejects(peer.call.ping(), { code: 'ERR_PEER_GONE', outcome: 'unknown' });
  await hanging;
  assert.equal((await peer.closed).kind, 'lost');
  line.close();
  await server.close();
});
