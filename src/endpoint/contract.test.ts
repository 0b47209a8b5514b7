/** Contracts by the options of `connect`, and what a service says of itself, at real addresses. */
import assert from 'node:assert/strict';
import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { connect as connectSocket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { after, describe, it } from 'node:test';
import { pathToFileURL } from 'node:url';
import { Worker } from 'node:worker_threads';
import { z } from 'zod';
import { fork } from '../process/spawn.ts';
import { contractOf } from '../rpc/contract.ts';
import type { OpenRpc } from '../rpc/discover.ts';
import { checked } from '../rpc/middleware/checked.ts';
import { validation } from '../rpc/middleware/validation.ts';
import { connect } from './connect.ts';
import { host } from './host.ts';
import { type ServeOptions, serve } from './serve.ts';

const folder = mkdtempSync(join(tmpdir(), 'kindred-contract-'));
after(() => rmSync(folder, { recursive: true, force: true }));

const shop = { buy: checked({ params: [z.string()], result: z.number() }, (item) => item.length) };
const later = { buy: checked({ params: [z.string(), z.number()], result: z.number() }, (_, n) => n) };

const documentOf = async (service: object, options: ServeOptions = {}): Promise<OpenRpc> => {
  const server = await serve('memory:described', service, options);
  const peer = await connect('memory:described');
  const document = (await peer.call['rpc.discover']()) as OpenRpc;
  await peer.close();
  await server.close();
  return document;
};

describe('a client that was built against a contract', () => {
  for (const address of ['memory:shop', `unix:${join(folder, 'shop.sock')}`, 'tcp://127.0.0.1:0'])
    it(`is refused by ERR_CONTRACT where it is no longer kept, at ${address.split(':')[0]}:`, async () => {
      const contract = contractOf(await documentOf(shop));
      const server = await serve(address, later);
      await assert.rejects(connect(server.address, { contract, onDifferentContract: 'error' }), {
        code: 'ERR_CONTRACT',
        data: { missing: [], changed: ['buy'], added: [] },
      });
      const peer = await connect<typeof later>(server.address, {
        contract: await documentOf(later),
        onDifferentContract: 'error',
      });
      assert.equal(await peer.call.buy('pen', 2), 2);
      await peer.close();
      await server.close();
    });

  for (const place of ['child', 'thread'] as const)
    it(`is refused by it where the service is in a ${place}`, async () => {
      const file = join(folder, `${place}.ts`);
      const library = new URL('../index.ts', import.meta.url).href;
      writeFileSync(file, `import { serve } from '${library}';\nvoid serve('parent:', { buy: () => 1 });\n`);
      const held = place === 'child' ? fork(file, [], { channel: 'descriptor' }) : new Worker(file);
      const { promise: ended, resolve } = Promise.withResolvers<unknown>();
      if (held instanceof Worker) held.once('exit', resolve);
      else held.exited.then(resolve, resolve);
      await assert.rejects(
        connect(held, { contract: await documentOf(shop), onDifferentContract: 'error', timeoutMs: 30_000 }),
        { code: 'ERR_CONTRACT', data: { missing: [], changed: ['buy'], added: [] } },
      );
      // Whoever serves its parent ends with the channel.
      await ended;
    });

  it('hears of the difference by an event, and calls on', async () => {
    const server = await serve('memory:shop', later);
    const { promise: heard, resolve } = Promise.withResolvers<unknown>();
    subscribe('kindred:contract.differs', resolve);
    const peer = await connect<typeof later>('memory:shop', { contract: await documentOf(shop) });
    assert.equal(await peer.call.buy('pen', 2), 2);
    assert.deepEqual(await heard, { peer, difference: { missing: [], changed: ['buy'], added: [] } });
    unsubscribe('kindred:contract.differs', resolve);
    await peer.close();
    await server.close();
  });

  it('is refused what is no contract before anything is opened', async () => {
    const options = [{ contract: {} }, { contract: 5 }, { contract: null }, { onDifferentContract: 'maybe' }];
    for (const wrong of options)
      await assert.rejects(connect('memory:nobody', wrong as never), { code: 'ERR_BAD_ARGUMENT' });
  });

  it('gives up waiting when its signal fires', async () => {
    const { promise: asked, resolve } = Promise.withResolvers<void>();
    const server = await serve('memory:slow', () => {
      resolve();
      return new Promise(() => {});
    });
    const given = new AbortController();
    const options = { contract: contractOf(await documentOf(shop)), onDifferentContract: 'error' } as const;
    const connecting = connect('memory:slow', { ...options, signal: given.signal });
    await asked;
    given.abort();
    await assert.rejects(connecting, { code: 'ERR_CANCELLED' });
    await server.close();
  });
});

describe('a service', () => {
  it('says the hash of its contract in its hello once it is made', async () => {
    const server = await serve(`unix:${join(folder, 'hello.sock')}`, shop);
    // It is made between other work, which there is none of.
    await new Promise((resolve) => setImmediate(() => setImmediate(resolve)));
    const socket = connectSocket(join(folder, 'hello.sock'));
    const hello = { version: 1, maxCalls: 1, maxMessageBytes: 1000 };
    socket.write(`${JSON.stringify({ jsonrpc: '2.0', method: '$/hello', params: hello })}\n`);
    const [line] = (await once(createInterface(socket), 'line')) as [string];
    const { params } = JSON.parse(line) as { params: { contract: unknown } };
    assert.equal(params.contract, contractOf(await documentOf(shop)).hash);
    socket.destroy();
    await server.close();
  });

  it('describes itself with the schemas of its middleware, too', async () => {
    const { methods } = await documentOf(
      { buy: (item: string) => item.length },
      { middleware: [validation({ buy: { params: [z.string()], result: z.number() }, other: {} })] },
    );
    assert.deepEqual(methods, [
      {
        name: 'buy',
        params: [{ name: 'item', required: true, schema: { type: 'string' } }],
        result: { name: 'result', schema: { type: 'number' } },
        paramStructure: 'either',
      },
    ]);
  });

  it('describes itself with the words of its source, read when it is asked', async () => {
    const file = join(folder, 'words.ts');
    writeFileSync(file, '/** Buys. */\nexport const buy = 1;');
    const source = pathToFileURL(file);
    const server = await serve('memory:words', { buy: () => 1 }, { source });
    writeFileSync(file, '/**\n * Buys it.\n *\n * At once.\n */\nexport const buy = 1;');
    const peer = await connect('memory:words');
    const { methods } = (await peer.call['rpc.discover']()) as OpenRpc;
    assert.deepEqual(
      methods.map(({ summary, description }) => [summary, description]),
      [['Buys it.', 'Buys it.\n\nAt once.']],
    );
    await peer.close();
    await server.close();
  });

  it('says nothing more where its source cannot be read', async () => {
    for (const source of ['data:text/javascript,1', 'file:///nowhere/at/all.ts', 'file:relative?%'])
      assert.equal((await documentOf(shop, { source })).methods[0]?.summary, undefined);
    await assert.rejects(serve('memory:x', shop, { source: './shop.ts' }), { code: 'ERR_BAD_ARGUMENT' });
  });

  for (const place of ['here', 'thread', 'process'] as const)
    it(`hosted ${place === 'here' ? place : `in a ${place}`} has the words of its module`, async () => {
      const file = join(folder, `hosted-${place}.ts`);
      writeFileSync(
        file,
        '/** Adds. */\nexport function add(a: number, b: number): number { return a + b; }',
      );
      const peer = await host(pathToFileURL(file), { in: place });
      const { methods } = (await peer.call['rpc.discover']()) as OpenRpc;
      assert.deepEqual(
        methods.map(({ name, summary }) => [name, summary]),
        [['add', 'Adds.']],
      );
      await peer.close();
    });
});
