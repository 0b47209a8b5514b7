import assert from 'node:assert/strict';
import { once } from 'node:events';
import { test } from 'node:test';
import { MessageChannel, Worker } from 'node:worker_threads';
import { createValueEar, testValueTransport } from '../../test/suites/value-transport.ts';
import { createTestClock } from '../testkit/clock.ts';
import { createPortTransport, createWorkerTransport, openPortTo, takePort } from './message-port.ts';

testValueTransport(
  'a message port',
  () => {
    const { port1, port2 } = new MessageChannel();
    return { near: createPortTransport('near port', port1), far: createPortTransport('far port', port2) };
  },
  { structured: true },
);

/** A thread that runs this script, and is gone when the test ends. */
async function withWorker(script: string, body: (worker: Worker) => Promise<void>): Promise<void> {
  const worker = new Worker(script, { eval: true });
  try {
    await body(worker);
  } finally {
    await worker.terminate();
  }
}

const echo = `const { parentPort } = require('node:worker_threads');
  parentPort.on('message', (value) => parentPort.postMessage({ echo: value }));`;

test('talks plain messages with a thread that knows nothing of Kindred', { timeout: 20_000 }, () =>
  withWorker(echo, async (worker) => {
    const transport = createWorkerTransport(worker);
    const ear = createValueEar();
    transport.start(ear);
    transport.post({ when: new Date(5) });
    await ear.until('the echo', () => ear.values.length === 1);
    assert.deepEqual(ear.values, [{ echo: { when: new Date(5) } }]);
    transport.end();
    await ear.until('the close', () => ear.heard.includes('close'));
    // The thread goes on without the transport.
    worker.postMessage('still there?');
    assert.deepEqual(await once(worker, 'message'), [{ echo: 'still there?' }]);
  }),
);

test('keeps what a thread says before start, up to a limit', { timeout: 20_000 }, async () => {
  const say = (count: number) => `const { parentPort } = require('node:worker_threads');
    for (let i = 0; i < ${count}; i++) parentPort.postMessage(i);`;
  for (const [count, code] of [
    [10_000, undefined],
    [10_001, 'ERR_LIMIT'],
  ] as const)
    await withWorker(say(count), async (worker) => {
      const transport = createWorkerTransport(worker);
      await once(worker, 'exit');
      const ear = createValueEar();
      transport.start(ear);
      await ear.until('the close', () => ear.heard.includes('close'));
      assert.equal((ear.error as { code?: string } | undefined)?.code, code);
      if (code === undefined) assert.equal(ear.values.length, count);
    });
});

test('moves an ArrayBuffer instead of copying it', async () => {
  const { port1, port2 } = new MessageChannel();
  const [near, far] = [createPortTransport('near', port1), createPortTransport('far', port2)];
  const ear = createValueEar();
  near.start(createValueEar());
  far.start(ear);
  const bytes = new Uint8Array([1, 2, 3]);
  near.post({ bytes }, [bytes.buffer]);
  assert.equal(bytes.length, 0, 'it is gone here');
  await ear.until('the bytes', () => ear.values.length === 1);
  assert.deepEqual(ear.values, [{ bytes: new Uint8Array([1, 2, 3]) }]);
  assert.throws(() => near.post({}, [{}]), { code: 'ERR_NOT_ENCODABLE' });
  near.destroy();
  far.destroy();
});

const takesPort = (then: string) => `const { parentPort } = require('node:worker_threads');
  parentPort.once('message', (message) => { const port = message['kindred:port']; ${then} });`;

test('a thread that says much and ends at once loses nothing', { timeout: 20_000 }, () =>
  withWorker(
    takesPort(`for (let i = 0; i < 5000; i++) port.postMessage(i); process.exit(0);`),
    async (worker) => {
      const transport = openPortTo(worker);
      const ear = createValueEar();
      transport.start(ear);
      await ear.until('the close', () => ear.heard.includes('close'));
      assert.equal(ear.values.length, 5000);
      assert.equal(ear.heard.at(-1), 'close');
    },
  ),
);

test('a thread that is terminated closes the transport, also before it took its port', {
  timeout: 20_000,
}, async () => {
  for (const script of [echo, 'setInterval(() => {}, 1000)', ''])
    await withWorker(script, async (worker) => {
      const transport = openPortTo(worker);
      const ear = createValueEar();
      transport.start(ear);
      await worker.terminate();
      await ear.until('the close', () => ear.heard.includes('close'));
      assert.deepEqual(ear.heard, ['close']);
    });
});

test('a thread that fails closes the transport with its error, which does not end this process', {
  timeout: 20_000,
}, async () => {
  const script = `throw new Error('out of luck')`;
  for (const open of [openPortTo, createWorkerTransport])
    await withWorker(script, async (worker) => {
      const transport = open(worker);
      const ear = createValueEar();
      transport.start(ear);
      await ear.until('the close', () => ear.heard.includes('close'));
      assert.equal((ear.error as { code?: string }).code, 'ERR_PEER_GONE');
      assert.match(ear.error?.message ?? '', /^thread \d+ failed: out of luck$/);
    });
});

test('an unreferenced port does not keep its thread alive', { timeout: 20_000 }, () =>
  withWorker(
    `const { MessageChannel } = require('node:worker_threads');
     import(${JSON.stringify(new URL('./message-port.ts', import.meta.url).href)}).then(({ createPortTransport }) => {
       const transport = createPortTransport('port', new MessageChannel().port1);
       transport.start({ value() {}, drain() {}, close() {} });
       setImmediate(() => transport.unref());
     });`,
    async (worker) => {
      assert.deepEqual(await once(worker, 'exit'), [0]);
    },
  ),
);

test('a thread waits for the port of its parent no longer than it was told, and until its signal fires', async () => {
  const { port1: parentPort, port2 } = new MessageChannel();
  const clock = createTestClock();
  const late = assert.rejects(takePort(parentPort, { timeoutMs: 100, clock }), { code: 'ERR_TIMEOUT' });
  await clock.advance(100);
  await late;
  const controller = new AbortController();
  const cancelled = assert.rejects(takePort(parentPort, controller), { code: 'ERR_CANCELLED' });
  controller.abort();
  await cancelled;
  await assert.rejects(takePort(parentPort, controller), { code: 'ERR_CANCELLED' });
  assert.equal(parentPort.listenerCount('message'), 0);
  port2.close();
});
