import assert from 'node:assert/strict';
import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { it } from 'node:test';
import { connect, host, serve } from 'kindred';
import type { BlocksItself } from './fixtures/blocks-itself.ts';
import { createDarkLine } from './fixtures/dark-line.ts';
import { within } from './fixtures/deadline.ts';

it('a call over a line that goes dark is told so, long before TCP gives up', async () => {
  const service = { ping: () => 'pong', hang: () => new Promise<never>(() => {}) };
  const server = await serve('tcp://127.0.0.1:0', service);
  const line = await createDarkLine(Number(new URL(server.address).port));
  const peer = await connect<typeof service>(line.address, {
    reconnect: false,
    limits: { heartbeatMs: 40 },
  });
  assert.equal(await peer.call.ping(), 'pong');
  const hanging = assert.rejects(peer.call.hang(), { code: 'ERR_PEER_GONE', outcome: 'unknown' });
  line.goDark();
  await assert.rejects(peer.call.ping(), { code: 'ERR_PEER_GONE', outcome: 'unknown' });
  await hanging;
  assert.equal((await peer.closed).kind, 'lost');
  line.close();
  await server.close();
});

it('a line that goes dark while nothing is awaited is found, and another takes its place', async () => {
  const service = { ping: () => 'pong' };
  const server = await serve('tcp://127.0.0.1:0', service);
  const line = await createDarkLine(Number(new URL(server.address).port));
  const limits = { heartbeatMs: 40, heartbeatMisses: 2, resumeMs: 0 };
  const peer = await connect<typeof service>(line.address, { limits, reconnect: { firstMs: 10 } });
  await peer.ping();
  const back = new Promise((resolve) => {
    const onBack = (message: unknown): void => {
      if ((message as { peer: unknown }).peer !== peer) return;
      unsubscribe('kindred:peer.reconnected', onBack);
      resolve(undefined);
    };
    subscribe('kindred:peer.reconnected', onBack);
  });
  line.goDark();
  await within('it has another connection', back);
  assert.equal(await peer.call.ping(), 'pong');
  await peer.close();
  line.close();
  await server.close();
});

const linuxOnly = process.platform !== 'linux' && 'elsewhere nobody can tell that pings arrive';

it('an end that is blocked for longer keeps its connection, because its kernel still takes the pings', {
  skip: linuxOnly,
}, async () => {
  const module = new URL('./fixtures/blocks-itself.ts', import.meta.url);
  const home = await host<typeof import('./fixtures/blocks-itself.ts')>(module, { in: 'thread' });
  const limits = { heartbeatMs: 500, heartbeatMisses: 2 };
  const peer = await connect<BlocksItself>(await home.call.open(), { limits, reconnect: false });
  // Twice as long as an end may be silent otherwise.
  await within('it answers', peer.call.block(3000));
  assert.equal(peer.state, 'open');
  await peer.close();
  await home.close();
});
