import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect, createServer } from 'node:net';
import { test } from 'node:test';
import { createEar, testByteTransport } from '../../test/suites/byte-transport.ts';
import type { ByteTransport } from '../channel/transport.ts';
import { parseAddress } from './address.ts';
import { dialSocket } from './dial.ts';
import { isLoopback } from './exposure.ts';
import type { Listener } from './listener.ts';
import { dialTcp, type HostAndPort, type ListenTcpOptions, listenTcp } from './tcp.ts';

const tcp = (text: string) => parseAddress(text) as HostAndPort;

async function listening(text = 'tcp://127.0.0.1:0', options: ListenTcpOptions = {}) {
  const accepted: { transport: ByteTransport; refused: string | undefined }[] = [];
  const waiting: ((transport: ByteTransport) => void)[] = [];
  const listener = await listenTcp(tcp(text), options, (transport, refused) => {
    const waiter = waiting.shift();
    if (waiter === undefined) accepted.push({ transport, refused });
    else waiter(transport);
  });
  const next = (): Promise<ByteTransport> =>
    new Promise((resolve) => {
      const ready = accepted.shift();
      if (ready === undefined) waiting.push(resolve);
      else resolve(ready.transport);
    });
  return { listener, accepted, next, dial: () => dialTcp(tcp(listener.address)) };
}

for (const host of ['127.0.0.1', '[::1]', 'localhost'])
  testByteTransport(`tcp://${host}`, async () => {
    const { listener, next, dial } = await listening(`tcp://${host}:0`);
    const [near, far] = await Promise.all([dial(), next()]);
    return { near, far, cleanUp: () => listener.close() };
  });

test('does not take a connection to itself for a server', async () => {
  const { listener } = await listening();
  const { port } = new URL(listener.address);
  await listener.close();
  const own = { host: '127.0.0.1', port: Number(port), localPort: Number(port) };
  await assert.rejects(
    dialSocket('tcp:itself', () => connect(own), {}),
    {
      code: 'ERR_NOT_REACHABLE',
      retryable: true,
    },
  );
});

test('tells the real port, and names both ends', async () => {
  const { listener, next, dial } = await listening();
  assert.match(listener.address, /^tcp:\/\/127\.0\.0\.1:[1-9]\d*$/);
  const [near, far] = await Promise.all([dial(), next()]);
  assert.equal(near.name, listener.address);
  assert.match(far.name, new RegExp(`^${listener.address} from 127\\.0\\.0\\.1:\\d+$`));
  near.destroy();
  far.destroy();
  await listener.close();
});

test('close stops accepting at once, keeps open connections and settles closed', async () => {
  const { listener, next, dial } = await listening();
  const [near, far] = await Promise.all([dial(), next()]);
  await Promise.all([listener.close(), listener.close()]);
  assert.equal(await listener.closed, undefined);
  await assert.rejects(dial(), {
    code: 'ERR_NOT_REACHABLE',
    outcome: 'not-sent',
    retryable: true,
    message: /nobody listens there \(ECONNREFUSED\)/,
  });
  const [ear, farEar] = [createEar(), createEar()];
  near.start(ear);
  far.start(farEar);
  near.write(['still open']);
  await farEar.until('the bytes', () => farEar.size === 10);
  near.end();
  far.end();
  await Promise.all([ear, farEar].map((each) => each.until('the close', () => each.heard.includes('close'))));
});

test('one connection too many is told to be refused, and closed', async () => {
  const { listener, accepted, next, dial } = await listening('tcp://127.0.0.1:0', { maxConnections: 1 });
  const [near, far] = await Promise.all([dial(), next()]);
  const tooMany = await dial();
  const ear = createEar();
  tooMany.start(ear);
  while (accepted.length === 0) await new Promise((resolve) => setImmediate(resolve));
  const [{ transport, refused }] = accepted as [(typeof accepted)[0]];
  assert.equal(refused, 'maxConnections');
  transport.write(['full']);
  transport.end();
  await ear.until('the end', () => ear.heard.includes('end'));
  assert.equal(String(ear.bytes), 'full');
  for (const each of [near, far, tooMany, transport]) each.destroy();
  await listener.close();
});

test('a refused connection that nobody closes is closed by itself', async () => {
  const timers: { ms: number; run: () => void }[] = [];
  const after = (ms: number, run: () => void) => {
    timers.push({ ms, run });
    return { cancel() {}, unref() {} };
  };
  const { listener, dial } = await listening('tcp://127.0.0.1:0', {
    maxConnections: 0,
    clock: { now: () => 0, after },
  });
  const near = await dial();
  const ear = createEar();
  near.start(ear);
  while (timers.length === 0) await new Promise((resolve) => setImmediate(resolve));
  assert.deepEqual(
    timers.map(({ ms }) => ms),
    [1000],
  );
  timers[0]?.run();
  await ear.until('the end', () => ear.heard.includes('end') || ear.heard.includes('close'));
  near.destroy();
  await listener.close();
});

test('far beyond the limit connections are closed at once', async () => {
  const { listener, accepted, dial } = await listening('tcp://127.0.0.1:0', { maxConnections: 0 });
  const dialed = await Promise.all(Array.from({ length: 80 }, dial));
  const ears = dialed.map((transport) => {
    const ear = createEar();
    transport.start(ear);
    return ear;
  });
  const cutOff = () => ears.filter((ear) => ear.heard.length > 0).length;
  while (cutOff() < 80 - 64) await new Promise((resolve) => setImmediate(resolve));
  assert.ok(accepted.length <= 64);
  assert.ok(accepted.every(({ refused }) => refused));
  for (const { transport } of accepted) transport.destroy();
  for (const transport of dialed) transport.destroy();
  await listener.close();
});

test('a port in use is ERR_ADDRESS_IN_USE naming the address', async () => {
  const { listener } = await listening();
  await assert.rejects(listening(listener.address), {
    code: 'ERR_ADDRESS_IN_USE',
    message: new RegExp(listener.address),
  });
  await listener.close();
});

for (const host of ['0.0.0.0', '[::]', '192.0.2.1'])
  test(`refuses to listen at ${host}, which others could reach`, async () => {
    await assert.rejects(listening(`tcp://${host}:0`), {
      code: 'ERR_INSECURE_ADDRESS',
      message: /not authenticated: listen at 127\.0\.0\.1.*allowAnyone/,
    });
  });

test('listens for everybody where that is asked for', async () => {
  const { listener, next } = await listening('tcp://0.0.0.0:0', { allowAnyone: true });
  assert.match(listener.address, /^tcp:\/\/0\.0\.0\.0:\d+$/);
  const [near, far] = await Promise.all([
    dialTcp(tcp(listener.address.replace('0.0.0.0', '127.0.0.1'))),
    next(),
  ]);
  near.destroy();
  far.destroy();
  await listener.close();
});

test('an address that this machine does not have is ERR_BAD_ADDRESS', async () => {
  await assert.rejects(listening('tcp://192.0.2.1:0', { allowAnyone: true }), {
    code: 'ERR_BAD_ADDRESS',
    message: /no such address/,
  });
});

test('knows loopback addresses', () => {
  for (const ip of ['127.0.0.1', '127.255.0.9', '::1', '::ffff:127.0.0.1'])
    assert.equal(isLoopback(ip), true, ip);
  for (const ip of ['0.0.0.0', '::', '10.0.0.1', '128.0.0.1', '::ffff:10.0.0.1', 'fe80::1%lo', '2001:db8::1'])
    assert.equal(isLoopback(ip), false, ip);
});

test('a signal that fires cancels the dialing, before and while it runs', async () => {
  const { listener } = await listening();
  const address = tcp(listener.address);
  await assert.rejects(dialTcp(address, { signal: AbortSignal.abort('no') }), {
    code: 'ERR_CANCELLED',
    outcome: 'not-sent',
    cause: 'no',
  });
  const controller = new AbortController();
  const dialing = dialTcp(address, { signal: controller.signal });
  controller.abort();
  await assert.rejects(dialing, { code: 'ERR_CANCELLED', outcome: 'not-sent' });
  await listener.close();
});

test('dialing ends when its time is over', async () => {
  const { listener } = await listening();
  let ring = () => {};
  const clock = {
    now: () => 0,
    after(_ms: number, run: () => void) {
      ring = run;
      return { cancel() {}, unref() {} };
    },
  };
  const dialing = dialTcp(tcp(listener.address), { timeoutMs: 250, clock });
  ring();
  await assert.rejects(dialing, { code: 'ERR_TIMEOUT', outcome: 'not-sent', message: /within 250 ms/ });
  await listener.close();
});

test('an unknown host is ERR_NOT_REACHABLE', async () => {
  await assert.rejects(dialTcp(tcp('tcp://no-such-host.invalid:1')), {
    code: 'ERR_NOT_REACHABLE',
    message: /tcp:\/\/no-such-host\.invalid:1 cannot be reached/,
  });
});

test('serves anybody who speaks bytes, and dials anybody', async () => {
  const { listener, next } = await listening();
  const stranger = connect(tcp(listener.address));
  const far = await next();
  const ear = createEar();
  far.start(ear);
  stranger.end('plain');
  await ear.until('the end', () => ear.heard.includes('end'));
  far.end();
  await once(stranger.resume(), 'close');
  await listener.close();

  const server = createServer((socket) => socket.end('hi')).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const near = await dialTcp({
    kind: 'tcp',
    host: '127.0.0.1',
    port: (server.address() as { port: number }).port,
  });
  const nearEar = createEar();
  near.start(nearEar);
  await nearEar.until('the end', () => nearEar.heard.includes('end'));
  assert.equal(String(nearEar.bytes), 'hi');
  near.end();
  await nearEar.until('the close', () => nearEar.heard.includes('close'));
  server.close();
});

test('an unreferenced listener lets the process end', async () => {
  const { listener } = await listening();
  const active = () => process.getActiveResourcesInfo().filter((kind) => kind === 'TCPServerWrap').length;
  const before = active();
  (listener as Listener).unref();
  assert.equal(active(), before - 1);
  listener.ref();
  assert.equal(active(), before);
  await listener.close();
});

test('sends without delay and is kept alive, at both ends', async (t) => {
  const { listener, next, dial } = await listening();
  // What Node.js asks of the operating system, for either end.
  const probe = connect(Number(new URL(listener.address).port), '127.0.0.1');
  await once(probe, 'connect');
  const handle = Object.getPrototypeOf((probe as unknown as { _handle: object })._handle);
  probe.destroy();
  (await next()).destroy();
  const delays = t.mock.method(handle, 'setNoDelay');
  const alive = t.mock.method(handle, 'setKeepAlive');
  const [near, far] = await Promise.all([dial(), next()]);
  const asked = ({ calls }: { calls: { arguments: unknown[] }[] }) =>
    calls.map((call) => call.arguments.slice(0, 2));
  assert.deepEqual(asked(delays.mock), [[true], [true]]);
  assert.deepEqual(asked(alive.mock), [
    [true, 30],
    [true, 30],
  ]);
  near.destroy();
  far.destroy();
  await listener.close();
});
