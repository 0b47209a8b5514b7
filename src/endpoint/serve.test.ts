import assert from 'node:assert/strict';
import { globSync, mkdtempSync, rmSync, statSync } from 'node:fs';
import { createConnection } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import type { KindredError } from '../base/errors.ts';
import type { Peer } from '../rpc/peer.ts';
import { dialectNames } from '../wire/dialect.ts';
import { connect } from './connect.ts';
import { dial, listen } from './messages.ts';
import { currentCall } from './runtime.ts';
import { serve } from './serve.ts';

const rejection = async (work: Promise<unknown>): Promise<KindredError> =>
  work.then(
    () => assert.fail('should have failed'),
    (error) => error as KindredError,
  );
const math = { add: (a: number, b: number) => a + b };
const anyPort = 'tcp://127.0.0.1:0';

// A place of our own for named endpoints, gone when the tests are.
const directory = mkdtempSync(join(tmpdir(), 'kindred-serve-'));
process.env['KINDRED_RUNTIME_DIR'] = join(directory, 'run');
after(() => {
  const left = globSync(`${directory}/**`).filter((path) => statSync(path).isSocket());
  rmSync(directory, { recursive: true });
  assert.deepEqual(left, [], 'no socket is left behind');
});

let count = 0;
for (const scheme of ['tcp', 'memory', 'local', 'unix'])
  describe(`a server at ${scheme}`, () => {
    const free = (): string => {
      if (scheme === 'tcp') return anyPort;
      return scheme === 'unix'
        ? `unix:${directory}/serve-${++count}.sock`
        : `${scheme}:serve-test-${++count}`;
    };

    it('answers many peers, and knows them', async () => {
      const server = await serve(free(), math);
      const peers = await Promise.all(
        [1, 2, 3].map(() => connect<typeof math>(server.address, { reconnect: false })),
      );
      assert.deepEqual(await Promise.all(peers.map((peer, i) => peer.call.add(i, i))), [0, 2, 4]);
      assert.equal(server.peers.size, 3);
      await peers[0]?.close();
      assert.equal(await peers[1]?.call.add(1, 1), 2);
      await server.close();
      assert.equal(server.peers.size, 0);
      assert.equal((await peers[1]?.closed)?.kind, 'ended');
    });

    it('makes a service for each peer, and calls and notifies its peers', async () => {
      let made = 0;
      type Hears = { hello(from: string): void; name(): string };
      const server = await serve<Hears>(free(), (peer: Peer<Hears>) => {
        const number = ++made;
        return { number: () => number, yourName: () => peer.call.name() };
      });
      const heard: string[] = [];
      const peers = await Promise.all(
        ['a', 'b'].map((name) =>
          connect<{ number(): number; yourName(): Promise<string> }>(server.address, {
            reconnect: false,
            serve: { hello: (from: string) => void heard.push(`${from} to ${name}`), name: () => name },
          }),
        ),
      );
      assert.deepEqual(await Promise.all(peers.map((peer) => peer.call.number())), [1, 2]);
      assert.deepEqual(await Promise.all(peers.map((peer) => peer.call.yourName())), ['a', 'b']);
      await server.notify.hello('server');
      for (const peer of peers) await peer.call.number();
      assert.deepEqual(heard.sort(), ['server to a', 'server to b']);
      await server.close();
    });

    it('tells the running function who calls, and stops it when the caller gives up', async () => {
      const { promise: stopped, resolve: stop } = Promise.withResolvers<unknown>();
      const { promise: begun, resolve: begin } = Promise.withResolvers<void>();
      const server = await serve(free(), {
        async wait() {
          const call = currentCall();
          assert.equal(call.method, 'wait');
          assert.ok(server.peers.has(call.peer));
          begin();
          call.signal.addEventListener('abort', () => stop(call.signal.reason));
          await new Promise(() => {});
        },
      });
      const peer = await connect<{ wait(): Promise<void> }>(server.address);
      const controller = new AbortController();
      const waiting = rejection(peer.with({ signal: controller.signal }).call.wait());
      await begun;
      controller.abort();
      assert.equal((await waiting).code, 'ERR_CANCELLED');
      assert.equal(((await stopped) as KindredError).code, 'ERR_CANCELLED');
      await peer.close();
      await server.close();
    });

    it('hands the remaining time and the cancel on over several hops', async () => {
      const last = await serve(anyPort, {
        async wait() {
          const { remainingMs, signal } = currentCall();
          return new Promise((_, reject) => {
            signal.addEventListener('abort', () => {
              seen.push(remainingMs ?? -1);
              reached();
              reject(signal.reason as Error);
            });
            begin();
          });
        },
      });
      const seen: number[] = [];
      const { promise: cancelled, resolve: reached } = Promise.withResolvers<void>();
      const { promise: begun, resolve: begin } = Promise.withResolvers<void>();
      const toLast = await connect<{ wait(): Promise<void> }>(last.address);
      const middle = await serve(free(), { forward: () => toLast.call.wait() });
      const peer = await connect<{ forward(): Promise<void> }>(middle.address);
      const controller = new AbortController();
      const call = rejection(peer.with({ timeoutMs: 60_000, signal: controller.signal }).call.forward());
      await begun;
      controller.abort();
      await call;
      await cancelled;
      assert.ok((seen[0] as number) > 0 && (seen[0] as number) <= 60_000, String(seen[0]));
      await Promise.all([peer.close(), toLast.close()]);
      await Promise.all([middle.close(), last.close()]);
    });

    it('that is closed is not reachable, and its address is free again', async () => {
      const server = await serve(free(), math);
      const { address: where } = server;
      await server.close();
      const error = await rejection(connect(where));
      assert.equal(error.code, 'ERR_NOT_REACHABLE');
      assert.equal(error.outcome, 'not-sent');
      await (await serve(where, math)).close();
    });

    it('is waited for where that is asked', async () => {
      const first = await serve(free(), math);
      const { address: where } = first;
      await first.close();
      const coming = connect<typeof math>(where, { waitMs: 30_000 });
      const server = await serve(where, math);
      const peer = await coming;
      assert.equal(await peer.call.add(2, 2), 4);
      await peer.close();
      await server.close();
    });

    it('finishes what runs when it drains, and takes no more', async () => {
      const { promise: gate, resolve: open } = Promise.withResolvers<void>();
      const { promise: begun, resolve: begin } = Promise.withResolvers<void>();
      const service = {
        async wait() {
          begin();
          await gate;
          return 'done';
        },
      };
      const server = await serve(free(), service);
      const peer = await connect<typeof service>(server.address, { reconnect: false });
      const running = peer.call.wait();
      await begun;
      const drained = server.drain();
      let closed = false;
      void server.closed.then(() => {
        closed = true;
      });
      await new Promise((resolve) => setImmediate(resolve));
      assert.equal(closed, false, 'a call still runs');
      open();
      assert.equal(await running, 'done');
      await drained;
      assert.equal(await server.closed, undefined);
      assert.equal((await peer.closed).kind, 'ended');
    });
  });

it('refuses a service that is none', async () => {
  assert.equal((await rejection(serve(anyPort, 5 as unknown as object))).code, 'ERR_BAD_ARGUMENT');
});

it('closes a connection above maxConnections, and serves the others', async () => {
  const server = await serve(anyPort, math, { limits: { maxConnections: 1 } });
  const peer = await connect<typeof math>(server.address);
  assert.equal(await peer.call.add(1, 1), 2);
  const second = await connect<typeof math>(server.address, { reconnect: false });
  const error = await rejection(second.call.add(1, 1));
  assert.equal(error.code, 'ERR_LIMIT');
  assert.match(error.message, /maxConnections \(1\)/);
  assert.equal(await peer.call.add(1, 2), 3);
  await peer.close();
  await server.close();
});

it('counts the connections of a memory address, too', async () => {
  const server = await serve('memory:counted', math, { limits: { maxConnections: 1 } });
  for (let round = 0; round < 2; round++) {
    const peer = await connect<typeof math>('memory:counted');
    const error = await rejection(connect('memory:counted'));
    assert.equal(error.code, 'ERR_LIMIT');
    assert.match(error.message, /maxConnections \(1\)/);
    assert.equal(await peer.call.add(1, 2), 3);
    const [gone] = server.peers;
    await peer.close();
    await gone?.closed;
  }
  await server.close();
});

it('answers JSON by line, with Content-Length and in binary at one address', async () => {
  const server = await serve(anyPort, math);
  const port = Number(new URL(server.address).port);
  const ask = (request: string): Promise<string> =>
    new Promise((resolve, reject) => {
      const socket = createConnection(port, '127.0.0.1', () => socket.end(request));
      let answer = '';
      socket
        .setEncoding('utf8')
        .on('data', (chunk) => (answer += chunk))
        .on('end', () => resolve(answer))
        .on('error', reject);
    });
  const request = '{"jsonrpc":"2.0","id":1,"method":"add","params":[1,2]}';
  const peer = await connect<typeof math>(server.address);
  assert.equal(await peer.call.add(1, 2), 3);
  assert.equal(await ask(`${request}\n`), '{"jsonrpc":"2.0","id":1,"result":3}\n');
  assert.match(
    await ask(`Content-Length: ${request.length}\r\n\r\n${request}`),
    /^Content-Length: 35\r\n\r\n\{"jsonrpc":"2\.0","id":1,"result":3\}$/,
  );
  assert.equal(await ask('GET / HTTP/1.1\r\nHost: localhost\r\n\r\n'), '');
  assert.equal(peer.kindred, true);
  await peer.close();
  await server.close();
});

it('answers JSON by line and in binary at one named endpoint, whose claim lets a Kindred begin in binary', async () => {
  const server = await serve('local:both', math);
  const peer = await connect<typeof math>('local:both');
  assert.equal(peer.kindred, true, 'before any answer');
  assert.equal(await peer.call.add(1, 2), 3);
  const strict = await connect<typeof math>('local:both', { dialect: 'json-lines' });
  assert.equal(await strict.call.add(3, 4), 7);
  assert.equal(strict.kindred, false);
  await Promise.all([peer.close(), strict.close()]);
  await server.close();
});

for (const dialect of dialectNames)
  it(`speaks only ${dialect} where it was told to, and its claim tells who connects or dials`, async () => {
    const server = await serve('local:strict', math, { dialect });
    const peer = await connect<typeof math>('local:strict');
    assert.equal(await peer.call.add(1, 2), 3);
    assert.equal(peer.kindred, dialect === 'binary');
    await peer.close();
    await server.close();

    const plain = await listen('local:strict', (channel) => channel.send({ hello: 1 }), { dialect });
    const channel = await dial('local:strict');
    assert.deepEqual((await channel[Symbol.asyncIterator]().next()).value, { hello: 1 });
    await channel.close();
    await plain.close();
  });

for (const dialect of dialectNames)
  it(`closes an HTTP request without an answer where ${dialect} is configured, whatever its body says`, async () => {
    const heard: unknown[] = [];
    const options = { dialect };
    const served = await serve(anyPort, { run: (it: unknown) => void heard.push(it) }, options);
    const plain = await listen(
      anyPort,
      async (channel) => {
        for await (const message of channel) heard.push(message);
      },
      { ...options, onError() {} },
    );
    const body = '{"jsonrpc":"2.0","method":"run","params":["called"]}';
    for (const { address } of [served, plain])
      for (const request of [`${body}\n`, `Content-Length: ${body.length}\r\n\r\n${body}`]) {
        const socket = createConnection(Number(new URL(address).port), '127.0.0.1');
        socket.write(`POST / HTTP/1.1\r\nContent-Type: text/plain\r\n\r\n${request}`);
        let answer = '';
        socket
          .on('error', () => {})
          .on('data', (chunk) => {
            answer += String(chunk);
          });
        await new Promise((resolve) => socket.once('close', resolve));
        // In binary both ends say hello before they have heard anything.
        if (dialect !== 'binary') assert.equal(answer, '');
      }
    assert.deepEqual(heard, []);
    await Promise.all([served.close(), plain.close()]);
  });

it('names the process that serves an address already', async () => {
  const server = await serve('local:taken', math);
  const error = await rejection(serve('local:taken', math));
  assert.equal(error.code, 'ERR_ADDRESS_IN_USE');
  assert.match(error.message, new RegExp(`\\b${process.pid}\\b`));
  await server.close();
});

it('carries plain messages both ways in memory', async () => {
  const server = await listen('memory:plain', async (channel) => {
    for await (const message of channel) await channel.send({ heard: message });
  });
  const channel = await dial(server.address);
  const answers = channel[Symbol.asyncIterator]();
  for (const message of ['text', new Map([[1, new Date(0)]])]) {
    await channel.send(message);
    assert.deepEqual((await answers.next()).value, { heard: message });
  }
  await channel.close();
  await server.close();
});

it('bounds all calls of a peer where `connect` is told to', async () => {
  const late = { wait: () => new Promise<void>(() => {}) };
  const server = await serve(anyPort, late);
  const peer = await connect<typeof late>(server.address, { timeoutMs: 20 });
  const error = await rejection(peer.call.wait());
  assert.equal(error.code, 'ERR_TIMEOUT');
  assert.match(error.message, /20 ms/);
  await peer.close();
  await server.close();
});

it('sends a stack to strangers only where it was asked for', async () => {
  const failing = {
    fail() {
      throw new RangeError('no');
    },
  };
  for (const withStack of [undefined, true, false]) {
    const server = await serve(anyPort, failing, withStack === undefined ? {} : { withStack });
    const peer = await connect<typeof failing>(server.address);
    const { cause } = await rejection(peer.call.fail());
    assert.ok(cause instanceof RangeError);
    await peer.close();
    await server.close();
    assert.equal(/at \S*fail /.test(cause.stack ?? ''), withStack === true, cause.stack);
  }
});
