import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, type Server, type Socket } from 'node:net';
import { text } from 'node:stream/consumers';
import { describe, it, type TestContext } from 'node:test';
import { type SocketPair, socketPair } from '../../test/programs/socket-pair.ts';
import { createPair } from '../testkit/pair.ts';
import { InPlacePassage } from './in-place.ts';

function setUp(t: TestContext) {
  const held = Promise.withResolvers<void>();
  const [client, server] = InPlacePassage.pair();
  const taken: object[] = [];
  const service = {
    welcome: (socket: Socket) => void socket.end('welcome'),
    echo: (socket: Socket) => void socket.on('data', (chunk) => socket.end(chunk)),
    take: (handle: Server) => taken.push(handle),
    back: (socket: Socket) => held.promise.then(() => socket),
    hold: () => held.promise,
    note() {},
  };
  const pair = createPair(service, { client: { handles: client }, server: { handles: server } });
  return {
    ...pair,
    held,
    taken,
    async connection(): Promise<SocketPair> {
      const one = await socketPair();
      t.after(one.close);
      return one;
    },
  };
}

describe('within one process', () => {
  it('a socket is passed as itself', async (t) => {
    const { client, connection } = setUp(t);
    const one = await connection();
    await client.call.welcome(one.accepted);
    assert.equal(await text(one.client), 'welcome');
  });

  it('a socket is read as one that has come from another process, though it was paused', async (t) => {
    const { client, connection } = setUp(t);
    const one = await connection();
    one.client.write('hello');
    await client.call.echo(one.accepted);
    assert.equal(await text(one.client), 'hello');
  });

  it('a server is, and what comes back', async (t) => {
    const { client, connection, held, taken } = setUp(t);
    const server = createServer().listen(0, '127.0.0.1');
    await once(server, 'listening');
    await client.call.take(server);
    assert.deepEqual(taken, [server]);
    server.close();
    const one = await connection();
    held.resolve();
    assert.equal(await client.call.back(one.accepted), one.accepted);
    assert.equal(one.accepted.destroyed, false);
  });

  it('a socket that was not taken is ours, and one that is closed is lost', async (t) => {
    const { client, connection } = setUp(t);
    const stranger = client as unknown as { call: { unknown(socket: Socket): Promise<void> } };
    const one = await connection();
    await assert.rejects(stranger.call.unknown(one.accepted), { code: 'ERR_METHOD_NOT_FOUND' });
    assert.equal(one.accepted.destroyed, false);
    one.accepted.destroy();
    await assert.rejects(client.call.welcome(one.accepted), { code: 'ERR_HANDLE_LOST', outcome: 'not-sent' });
  });

  it('a result that nobody waits for is closed', async (t) => {
    const { client, connection, held } = setUp(t);
    const one = await connection();
    const controller = new AbortController();
    const call = client.with({ signal: controller.signal }).call.back(one.accepted);
    await client.call.note();
    controller.abort();
    await assert.rejects(call, { code: 'ERR_CANCELLED' });
    held.resolve();
    await once(one.client.resume(), 'close');
    assert.equal(one.accepted.destroyed, true);
  });
});
