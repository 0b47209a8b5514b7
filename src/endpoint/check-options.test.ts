import assert from 'node:assert/strict';
import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { after, before, describe, it } from 'node:test';
import { type ConnectOptions, connect } from './connect.ts';
import { type HostOptions, host } from './host.ts';
import { dial, listen } from './messages.ts';
import { type ServeOptions, serve } from './serve.ts';

const anyPort = 'tcp://127.0.0.1:0';
class Adder {
  add(a: number, b: number): number {
    return a + b;
  }
}

describe('options that are wrong are refused before anything is opened', () => {
  // Whoever connects here is seen.
  const server = createServer((socket) => {
    seen++;
    socket.destroy();
  });
  let seen = 0;
  let address = '';
  before(async () => {
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    address = `tcp://127.0.0.1:${(server.address() as { port: number }).port}`;
  });
  after(() => {
    server.close();
    assert.equal(seen, 0);
  });

  const wrong: [object, RegExp][] = [
    [{ dialect: 'jsonl' }, /"jsonl".*json-lines/],
    [{ limits: { maxCalls: 0 } }, /maxCalls is 0/],
    [{ limits: { maxCalls: Number.NaN } }, /maxCalls is NaN/],
    [{ limits: { maxMessageBytes: Number.POSITIVE_INFINITY } }, /maxMessageBytes is Infinity/],
    [{ limits: { maxDepth: '5' } }, /maxDepth is "5"/],
    [{ limits: { maxCall: 5 } }, /maxCall is no limit.*maxCalls/],
  ];
  for (const [options, message] of wrong)
    it(JSON.stringify(options), async () => {
      const refused = { code: 'ERR_BAD_ARGUMENT', message };
      await assert.rejects(connect(address, options as ConnectOptions), refused);
      await assert.rejects(dial(address, options as ConnectOptions), refused);
      await assert.rejects(serve(address, {}, options as ServeOptions), refused);
      await assert.rejects(
        listen(address, () => {}, options as ServeOptions),
        refused,
      );
    });

  it('a service that is none, or a class', async () => {
    for (const service of [5, Adder])
      for (const work of [
        serve(address, service as unknown as object),
        connect(address, { serve: service as unknown as object }),
      ])
        await assert.rejects(work, { code: 'ERR_BAD_ARGUMENT', message: /a service|new Adder\(\)/ });
  });

  it('a time to wait that is none', async () => {
    for (const waitMs of [Number.NaN, -1, '5' as unknown as number])
      await assert.rejects(connect(address, { waitMs }), { code: 'ERR_BAD_ARGUMENT', message: /waitMs/ });
  });

  it('a place that host does not know', async () => {
    const options = { in: 'threads' } as unknown as HostOptions;
    await assert.rejects(host(import.meta.url, options), {
      code: 'ERR_BAD_ARGUMENT',
      message: /"threads".*thread/,
    });
  });

  it('the rights of a socket that are none, or that the address does not have', async () => {
    for (const mode of [Number.NaN, -1, 99999, 0o1000])
      await assert.rejects(serve('unix:/nowhere/wrong-mode.sock', {}, { mode }), {
        code: 'ERR_BAD_ARGUMENT',
        message: /mode/,
      });
    for (const options of [{ mode: 0o666 }, { group: 0 }])
      for (const at of ['local:wrong-rights', anyPort])
        await assert.rejects(serve(at, {}, options), { code: 'ERR_NOT_SUPPORTED', message: /unix:/ });
  });
});

it('a limit that is undefined keeps its default, and the heartbeat may be off', async () => {
  const limits = { maxCalls: undefined as unknown as number, heartbeatMs: 0 };
  const server = await serve(anyPort, new Adder(), { limits });
  const peer = await connect<Adder>(server.address);
  assert.equal(await peer.call.add(1, 2), 3);
  await peer.close();
  await server.close();
});

for (const address of [anyPort, 'memory:no-service'])
  it(`a service that cannot be made for one peer fails the calls of that one alone, at ${address}`, async () => {
    const reported: unknown[] = [];
    const hear = (event: unknown): void => void reported.push((event as { error: unknown }).error);
    subscribe('kindred:peer.error', hear);
    const makers: (() => unknown)[] = [
      () => {
        throw new RangeError('no luck today');
      },
      () => undefined,
      () => Promise.reject(new RangeError('no luck tomorrow')),
      () => new Adder(),
    ];
    const count = makers.length;
    const server = await serve(address, () => makers.shift()?.() as object);
    for (let n = 1; n <= count; n++) {
      const peer = await connect<Adder>(server.address);
      if (n < count)
        await assert.rejects(peer.call.add(1, 2), {
          code: 'ERR_START_FAILED',
          outcome: 'not-sent',
          message: /no luck to|undefined/,
        });
      else assert.equal(await peer.call.add(1, 2), 3);
      await peer.close();
    }
    assert.equal(reported.length, count - 1);
    unsubscribe('kindred:peer.error', hear);
    await server.close();
  });
