import assert from 'node:assert/strict';
import { Buffer } from 'node:buffer';
import { once } from 'node:events';
import type { Duplex } from 'node:stream';
import { describe, it, type TestContext } from 'node:test';
import { type SocketPair, socketPair } from '../../test/programs/socket-pair.ts';
import { createPair } from '../testkit/pair.ts';
import { type ByteProxy, byteProxy, openProxy } from './byte-proxy.ts';

/** All that is said until the end. (To iterate a stream would destroy it.) */
async function heard(stream: Duplex): Promise<string> {
  const chunks: Buffer[] = [];
  stream.on('data', (chunk: Buffer) => chunks.push(chunk));
  await once(stream, 'end');
  return Buffer.concat(chunks).toString();
}

/** A call that serves a connection at the other end, as `serve` does it. */
async function setUp(
  t: TestContext,
  serve: (socket: Duplex) => Promise<unknown> | unknown,
): Promise<SocketPair & { call: Promise<unknown> }> {
  const pair = await socketPair();
  t.after(pair.close);
  const { client } = createPair({ serve: (proxy: ByteProxy) => serve(openProxy(proxy)) });
  const call = client.call.serve(byteProxy(pair.accepted));
  call.catch(() => {});
  return { ...pair, call };
}

describe('a byte proxy', () => {
  it('is read and written like the socket behind it, also after its client writes no more', async (t) => {
    const { client, call } = await setUp(t, async (socket) => {
      const said = await heard(socket);
      socket.end(`heard ${said}`);
      await once(socket, 'close');
    });
    client.end('hello');
    assert.equal(await heard(client), 'heard hello');
    await call;
  });

  it('ends its own side when it is told to, and reads on', async (t) => {
    const { client, call } = await setUp(t, async (socket) => {
      socket.end('bye');
      return heard(socket);
    });
    client.allowHalfOpen = true;
    assert.equal(await heard(client), 'bye');
    client.end('last words');
    assert.equal(await call, 'last words');
  });

  it('holds its client back where nobody reads', async (t) => {
    const { client, accepted } = await setUp(t, (socket) => once(socket, 'close'));
    const chunk = Buffer.alloc(64 * 1024);
    // Until nothing more goes, for a while: what the system and a stream may hold is far less.
    let written = 0;
    while (written < 64 * 1024 * 1024 && client.writableLength < 1024 * 1024) {
      client.write(chunk);
      written += chunk.length;
      await new Promise((resolve) => setImmediate(resolve));
    }
    assert.ok(written < 64 * 1024 * 1024, 'the client is not held back');
    assert.ok(accepted.readableLength < 1024 * 1024);
  });

  it('is destroyed with its call', async (t) => {
    const { client, accepted, call } = await setUp(t, (socket) => void socket.write('x'));
    const closed = once(client.resume(), 'close');
    await call;
    await closed;
    assert.equal(accepted.destroyed, true);
  });

  it('is destroyed by whoever has it', async (t) => {
    const { client, accepted } = await setUp(t, async (socket) => {
      socket.destroy();
      await new Promise(() => {});
    });
    await once(client.resume(), 'close');
    assert.equal(accepted.destroyed, true);
  });

  it('breaks where its connection breaks', async (t) => {
    const { client, call } = await setUp(t, (socket) => heard(socket));
    client.resetAndDestroy();
    await assert.rejects(call, { code: 'ERR_REMOTE', message: /ECONNRESET|aborted|closed/ });
  });
});
