// jayson, a JSON-RPC 2.0 library of many years, over TCP on either side.
import assert from 'node:assert/strict';
import { it } from 'node:test';
import { connect, dial, serve } from 'kindred';
import { until } from '../stories/fixtures/deadline.ts';
import { reportOf, startServer } from './programs.ts';
import { service } from './service.ts';
import { assertFailures, type TheirService } from './their-service.ts';

it('a client by jayson calls a Kindred, one by one and in batches', async () => {
  service.heard();
  const server = await serve('tcp://127.0.0.1:0', service);
  assert.deepEqual(await reportOf('jayson-client.js', new URL(server.address).port), {
    added: 6,
    greeted: 'Hello, jayson.',
    failed: { code: 42, message: 'not today', data: { why: 'rain' } },
    missing: -32601,
    batch: [3, 'no answer', -32601, 7],
  });
  assert.deepEqual(service.heard().sort(), ['a notification', 'in a batch']);
  // It closes its connections one by one, and has ended.
  await until('all its connections are closed', () => server.peers.size === 0);
  await server.close();
});

for (const dialect of [undefined, 'json-lines'] as const)
  it(`a server by jayson is called by a Kindred that ${dialect === undefined ? 'does not know whom it calls' : `speaks ${dialect}`}`, async () => {
    const { line: port, stop } = await startServer('jayson-server.js');
    const peer = await connect<TheirService>(`tcp://127.0.0.1:${port}`, { dialect });
    assert.deepEqual(await Promise.all([peer.call.add(1, 2, 3), peer.call.add(4, 5)]), [6, 9]);
    assert.equal(peer.kindred, false);
    const named = peer.with({ params: 'named' });
    assert.equal(await named.call.greet({ name: 'Kindred' }), 'Hello, Kindred.');
    await assertFailures(peer);
    await peer.notify.note('a notification');
    assert.deepEqual(await peer.call.heard(), ['a notification']);
    await peer.close();
    await stop();
  });

it('a batch goes to a server by jayson as one plain message, and is answered by one', async () => {
  const { line: port, stop } = await startServer('jayson-server.js');
  const channel = await dial(`tcp://127.0.0.1:${port}`, { dialect: 'json-lines' });
  await channel.send([
    { jsonrpc: '2.0', id: 1, method: 'add', params: [1, 2] },
    { jsonrpc: '2.0', method: 'note', params: ['in a batch'] },
    { jsonrpc: '2.0', id: 2, method: 'missing', params: [] },
    { jsonrpc: '2.0', id: 3, method: 'add', params: [3, 4] },
  ]);
  const { value } = await channel[Symbol.asyncIterator]().next();
  const answers = value as { id: number; result?: unknown; error?: { code: number } }[];
  assert.deepEqual(
    new Map(answers.map(({ id, result, error }) => [id, result ?? error?.code])),
    new Map([
      [1, 3],
      [2, -32601],
      [3, 7],
    ]),
  );
  await channel.close();
  await stop();
});
