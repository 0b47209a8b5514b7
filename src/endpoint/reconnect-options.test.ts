import assert from 'node:assert/strict';
import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';
import { PassThrough } from 'node:stream';
import { describe, it } from 'node:test';
import { connect } from './connect.ts';
import { type ReconnectOptions, reconnectingOf } from './reconnect-options.ts';
import { currentCall } from './runtime.ts';
import { type Server, serve } from './serve.ts';

describe('reconnecting', () => {
  it('is on for addresses at which a server can listen again, and for nothing else', () => {
    const lasting = ['local:a', 'unix:/tmp/a', 'unix:@a', 'tcp://127.0.0.1:1', 'tls://127.0.0.1:1'];
    for (const address of lasting) {
      assert.ok(reconnectingOf(undefined, address, 10) !== undefined, address);
      assert.equal(reconnectingOf(false, address, 10), undefined);
    }
    for (const target of ['memory:a', 'parent:', 'stdio:', new PassThrough()]) {
      assert.equal(reconnectingOf(undefined, target, 10), undefined);
      assert.throws(() => reconnectingOf({}, target, 10), {
        code: 'ERR_BAD_ARGUMENT',
        message: /listen again/,
      });
    }
  });

  it('refuses options that are wrong before anything is opened', async () => {
    const wrong = [
      5,
      { firstMs: -1 },
      { maxMs: 'x' },
      { maxWaiting: 0.5 },
      { idempotent: 'add' },
      { giveUpAfterMs: -1 },
    ];
    for (const reconnect of wrong)
      await assert.rejects(connect('local:nobody', { reconnect: reconnect as ReconnectOptions }), {
        code: 'ERR_BAD_ARGUMENT',
        message: /reconnect/,
      });
  });

  it('leaves the first connection as it is: nobody there is an error at once', async () => {
    await assert.rejects(connect('local:nobody-is-here', { reconnect: true }), { code: 'ERR_NOT_REACHABLE' });
  });

  it('offers what this end serves again on each connection, and makes it anew where it is a function', async () => {
    const address = `local:offered-again-${process.pid}`;
    const service = { back: () => currentCall().peer.call.which() as Promise<number> };
    let made = 0;
    let server: Server = await serve(address, service);
    const peer = await connect<typeof service>(address, {
      reconnect: { firstMs: 1 },
      serve: () => {
        const which = ++made;
        return { which: () => which };
      },
    });
    assert.equal(await peer.call.back(), 1);
    await server.close();
    server = await serve(address, service);
    assert.equal(await peer.call.back(), 2);
    await peer.close();
    await server.close();
  });

  it('ends a stream that was open, and the peer goes on', async () => {
    const address = `local:streamed-${process.pid}`;
    const service = {
      async *count() {
        for (let i = 0; ; i++) yield i;
      },
    };
    let server: Server = await serve(address, service);
    const peer = await connect<typeof service>(address, { reconnect: { firstMs: 1 } });
    const stream = await peer.call.count();
    const ended = assert.rejects(
      async () => {
        for await (const i of stream) if (i === 10) await server.close();
      },
      { code: 'ERR_PEER_GONE' },
    );
    await ended;
    server = await serve(address, service);
    for await (const i of peer.call.count()) if (i === 10) break;
    await peer.close();
    await server.close();
  });

  it('is not tried where what answers speaks something else', async () => {
    const other = createServer((socket) => socket.end('HTTP/1.1 400 Bad Request\r\n\r\n')).listen(
      0,
      '127.0.0.1',
    );
    await once(other, 'listening');
    const address = `tcp://127.0.0.1:${(other.address() as AddressInfo).port}`;
    const peer = await connect(address, { dialect: 'binary' });
    const { kind, error } = await peer.closed;
    assert.deepEqual([kind, error?.code], ['broken', 'ERR_PROTOCOL']);
    other.close();
  });
});
