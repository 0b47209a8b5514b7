// Programs that know nothing of Kindred, written as their authors would: with what Node.js gives, and no more.
import assert from 'node:assert/strict';
import { fork as nodeFork, spawn as nodeSpawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { createConnection, createServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { StringDecoder } from 'node:string_decoder';
import { after, describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { connect, dial, listen, serve } from 'kindred';

const folder = mkdtempSync(join(tmpdir(), 'kindred-strangers-'));
process.env['KINDRED_RUNTIME_DIR'] = join(folder, 'run');
after(() => rmSync(folder, { recursive: true }));
const program = (name: string): string => fileURLToPath(new URL(`./fixtures/${name}`, import.meta.url));

/** The parser that everybody writes: chunks in, JSON values out, one a line. */
function createParser(onMessage: (message: unknown) => void): (chunk: Buffer) => void {
  const decoder = new StringDecoder('utf8');
  let rest = '';
  return (chunk) => {
    const lines = (rest + decoder.write(chunk)).split('\n');
    rest = lines.pop() as string;
    for (const line of lines) if (line !== '') onMessage(JSON.parse(line));
  };
}

const odd = ['übergröße', { deep: [1, { é: '😀' }] }, null, 5, 'x'.repeat(100_000)];

describe('newline-delimited JSON by hand, with nothing but net and StringDecoder', () => {
  it('a hand-written client talks to listen', async () => {
    const server = await listen('tcp://127.0.0.1:0', async (channel) => {
      for await (const message of channel) await channel.send({ echo: message });
    });
    const socket = createConnection(Number(new URL(server.address).port), '127.0.0.1');
    const got: unknown[] = [];
    const parse = createParser((message) => {
      got.push(message);
      if (got.length === odd.length) socket.end();
    });
    socket.on('data', parse);
    // Cut as badly as a network can: single bytes, in the middle of characters.
    const bytes = Buffer.from(odd.map((message) => `${JSON.stringify(message)}\n`).join(''));
    for (let i = 0; i < 200; i++) socket.write(bytes.subarray(i, i + 1));
    socket.write(bytes.subarray(200));
    await once(socket, 'close');
    assert.deepEqual(
      got,
      odd.map((echo) => ({ echo })),
    );
    await server.close();
  });

  it('a hand-written server talks to dial, and to two at a time', async () => {
    const sockets = new Set<Socket>();
    const server = createServer((socket) => {
      sockets.add(socket);
      socket.on(
        'data',
        createParser((message) => socket.write(`${JSON.stringify({ echo: message })}\n`)),
      );
    }).listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as { port: number };
    for (const channel of await Promise.all([1, 2].map(() => dial(`tcp://127.0.0.1:${port}`)))) {
      for (const message of odd) await channel.send(message);
      const got: unknown[] = [];
      for await (const message of channel) {
        got.push(message);
        if (got.length === odd.length) break;
      }
      assert.deepEqual(
        got,
        odd.map((echo) => ({ echo })),
      );
      await channel.close();
    }
    server.close();
    for (const socket of sockets) socket.destroy();
  });
});

describe('children with nothing but process.send', () => {
  for (const serialization of ['json', 'advanced'] as const) {
    it(`exchange plain messages (${serialization})`, async () => {
      const child = nodeFork(program('plain-ipc.js'), [], { serialization });
      const channel = await dial(child, { serialization });
      const messages: unknown[] = ['text', 5, { a: [null, true] }];
      if (serialization === 'advanced') messages.push(new Map([[1, new Date(2)]]));
      for (const message of messages) await channel.send(message);
      const got: unknown[] = [];
      for await (const message of channel) {
        got.push(message);
        if (got.length === messages.length) break;
      }
      assert.deepEqual(
        got,
        messages.map((echo) => ({ echo })),
      );
      await assert.rejects(channel.send({ cmd: 'NODE_HANDLE' }), { code: 'ERR_RESERVED_MESSAGE' });
      const exited = once(child, 'exit');
      await channel.close();
      assert.deepEqual(await exited, [0, null]);
    });

    it(`answer calls as JSON-RPC objects (${serialization})`, async () => {
      const child = nodeFork(program('plain-ipc.js'), [], { serialization });
      const peer = await connect<{ add(a: number, b: number): number; fail(): void }>(child, {
        serialization,
      });
      assert.equal(await peer.call.add(1, 2), 3);
      assert.equal(peer.kindred, false);
      await assert.rejects(peer.call.fail(), {
        code: 'ERR_REMOTE',
        outcome: 'executed',
        message: 'not today',
      });
      await assert.rejects(peer.call.add(new Date() as unknown as number, 1), {
        code: 'ERR_NOT_ENCODABLE',
        outcome: 'not-sent',
      });
      const exited = once(child, 'exit');
      await peer.close();
      assert.deepEqual(await exited, [0, null]);
    });
  }
});

describe('children with nothing but stdin and stdout', () => {
  it('are understood though they write JSON without any newline', async () => {
    const source = `
      process.stdin.once('data', (chunk) => {
        for (const n of [1, 2, 3]) process.stdout.write(JSON.stringify({ n, heard: String(chunk).trim(), text: '}{"' }));
        process.stdin.destroy();
      });`;
    const child = nodeSpawn(process.execPath, ['-e', source], { stdio: ['pipe', 'pipe', 'inherit'] });
    const exited = once(child, 'exit');
    const channel = await dial(child, { dialect: 'json-concat' });
    await channel.send('go');
    const got: unknown[] = [];
    for await (const message of channel) got.push(message);
    assert.deepEqual(
      got,
      [1, 2, 3].map((n) => ({ n, heard: '"go"', text: '}{"' })),
    );
    await channel.close();
    assert.deepEqual(await exited, [0, null]);
  });
});

describe('one socket', () => {
  it('serves a Kindred in binary, a Content-Length client and a line of JSON at the same time', async () => {
    const service = {
      add: (a: number, b: number) => a + b,
      async *countdown(from: number) {
        while (from > 0) yield from--;
      },
    };
    const path = join(folder, 'all.sock');
    const server = await serve(`unix:${path}`, service);
    const kindred = await connect<typeof service>(server.address);
    assert.equal(await kindred.call.add(1, 1), 2);
    assert.equal(kindred.kindred, true);
    const framed = await connect<typeof service>(server.address, { dialect: 'json-headers' });
    const byLine = await connect<typeof service>(server.address, { dialect: 'json-lines' });
    for (const peer of [kindred, framed, byLine]) {
      assert.deepEqual(await Promise.all([peer.call.add(1, 2), peer.call.add(3, 4)]), [3, 7]);
      const items: number[] = [];
      for await (const n of peer.call.countdown(3)) items.push(n);
      assert.deepEqual(items, [3, 2, 1]);
    }
    const socket = createConnection(path);
    socket.end('{"jsonrpc":"2.0","id":"a","method":"add","params":{"a":5,"b":6}}');
    const [answer] = (await once(socket, 'data')) as [Buffer];
    assert.equal(String(answer), '{"jsonrpc":"2.0","id":"a","result":11}\n');
    await Promise.all([kindred.close(), framed.close(), byLine.close()]);
    await server.close();
  });
});
