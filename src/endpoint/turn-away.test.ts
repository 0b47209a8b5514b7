import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import {
  another,
  anyPort,
  connect,
  endOf,
  math,
  rawTo,
  refusals,
  rejection,
  secret,
} from './fixtures/callers.ts';
import { serve } from './serve.ts';

const directory = mkdtempSync(join(tmpdir(), 'kindred-door-'));
after(() => rmSync(directory, { recursive: true }));

/** Says it over a raw connection, and gives back all that is answered until the end. */
async function said(address: string, words: string | Uint8Array): Promise<string> {
  const socket = rawTo(address);
  socket.write(words);
  return endOf(socket);
}

describe('a stranger at a door with a secret', () => {
  it('is told no in the dialect that he speaks, whatever he says; a browser is told nothing', async () => {
    const server = await serve(anyPort, math, { secret, limits: { maxFailedProofs: 100 } });
    const call = '{"jsonrpc":"2.0","id":1,"method":"add","params":[1,2]}';
    for (const [words, answer] of [
      [`${call}\n`, /^\{"jsonrpc":"2.0","id":null,"error":\{.*ERR_NOT_AUTHENTICATED.*\}\n$/],
      [`[${call}]\n`, /ERR_NOT_AUTHENTICATED/],
      [
        `Content-Length: ${call.length}\r\n\r\n${call}`,
        /^Content-Length: \d+\r\n\r\n\{.*ERR_NOT_AUTHENTICATED/,
      ],
      ['GET / HTTP/1.1\r\n\r\n', /^$/],
      [`{"x":"${'y'.repeat(20_000)}`, /^\{.*"error"/],
      [Buffer.from('\xff\xff\xff\xff', 'latin1'), /^/],
    ] as const)
      assert.match(await said(server.address, words), answer);
    assert.equal(server.peers.size, 0);
    const peer = await connect<typeof math>(server.address, { secret });
    assert.equal(await peer.call.add(1, 2), 3);
    await server.close();
  });

  it('who speaks binary is told no in binary', async () => {
    const server = await serve(anyPort, math, { secret });
    const peer = await connect<typeof math>(server.address, { dialect: 'binary' });
    assert.equal((await rejection(peer.call.add(1, 2))).code, 'ERR_NOT_AUTHENTICATED');
    await server.close();
  });

  it('who says nothing is closed when the time is over', async () => {
    const server = await serve(anyPort, math, { secret, limits: { handshakeMs: 50 } });
    const heard = await refusals(async () => {
      assert.match(await endOf(rawTo(server.address)), /ERR_NOT_AUTHENTICATED/);
    });
    assert.deepEqual(heard, [{ address: anyPort, from: '127.0.0.1', why: 'late' }]);
    await server.close();
  });

  it('loses his connection when the server closes', async () => {
    const server = await serve(anyPort, math, { secret });
    const socket = rawTo(server.address);
    socket.write('{');
    await once(socket, 'connect');
    const peer = await connect<typeof math>(server.address, { secret });
    await server.close();
    await endOf(socket);
    await peer.closed;
  });

  it('keeps no process alive whose server does not', async () => {
    const program = `
      import { serve } from 'kindred';
      const server = await serve('tcp://127.0.0.1:0', {}, { secret: ${JSON.stringify(secret)} });
      console.log(server.address);
      process.stdin.once('data', () => {
        process.stdin.destroy();
        server.unref();
      });`;
    const child = spawn(process.execPath, ['--input-type=module', '-e', program], {
      stdio: ['pipe', 'pipe', 'inherit'],
    });
    const ended = once(child, 'exit');
    const [address] = await once(child.stdout, 'data');
    const socket = rawTo(String(address).trim());
    await once(socket, 'connect');
    child.stdin.end('go');
    assert.deepEqual(await ended, [0, null]);
    socket.destroy();
  });

  it('is not heard any more once too many proofs have failed from his address; who is inside stays', async () => {
    const server = await serve(anyPort, math, { secret, limits: { maxFailedProofs: 3 } });
    const inside = await connect<typeof math>(server.address, { secret });
    // A probe whether the port is open is no attempt.
    for (let i = 0; i < 5; i++) await endOf(rawTo(server.address).end());
    const heard = await refusals(async () => {
      for (let i = 0; i < 3; i++)
        assert.equal(
          (await rejection(connect(server.address, { secret: another }))).code,
          'ERR_NOT_AUTHENTICATED',
        );
      const error = await rejection(connect(server.address, { secret }));
      assert.deepEqual([error.code, error.retryable], ['ERR_NOT_REACHABLE', true]);
      assert.match(error.message, /where too many proofs have failed/);
      assert.equal(await inside.call.add(1, 2), 3);
    });
    assert.deepEqual(
      heard.map(({ why }) => why),
      ['wrong proof', 'wrong proof', 'wrong proof', 'shut'],
    );
    await server.close();
  });
});

describe('connections from one address', () => {
  it('are bounded, and one more is told so', async () => {
    const server = await serve(anyPort, math, { limits: { maxConnectionsPerAddress: 2 } });
    const peers = await Promise.all([1, 2].map(() => connect<typeof math>(server.address)));
    for (const peer of peers) assert.equal(await peer.call.add(1, 2), 3);
    const third = await connect<typeof math>(server.address);
    const error = await rejection(third.call.add(1, 2));
    assert.equal(error.code, 'ERR_LIMIT');
    assert.match(error.message, /maxConnectionsPerAddress \(2\)/);
    await peers[0]?.close();
    await third.closed;
    while (server.peers.size > 1) await new Promise(setImmediate);
    const fourth = await connect<typeof math>(server.address, { waitMs: 5000 });
    assert.equal(await fourth.call.add(1, 2), 3);
    await server.close();
  });

  it('are not counted where there is no address', async () => {
    const server = await serve(`unix:${directory}/uncounted.sock`, math, {
      limits: { maxConnectionsPerAddress: 1 },
    });
    const peers = await Promise.all([1, 2, 3].map(() => connect<typeof math>(server.address)));
    for (const peer of peers) assert.equal(await peer.call.add(1, 2), 3);
    await server.close();
  });
});
