import assert from 'node:assert/strict';
import { fork } from 'node:child_process';
import { EventEmitter } from 'node:events';
import { test } from 'node:test';
import { createEar, testByteTransport } from '../../test/suites/byte-transport.ts';
import { startProgram } from '../../test/suites/program.ts';
import { createValueEar, testValueTransport } from '../../test/suites/value-transport.ts';
import { defaultLimits } from '../wire/limits.ts';
import {
  createIpcByteTransport,
  createIpcValueTransport,
  type IpcEnd,
  type Serialization,
} from './native-ipc.ts';

const timeout = 30_000;
const serializations = ['json', 'advanced'] as const;
const program = new URL('../../test/programs/ipc-end.ts', import.meta.url);

/** Both ends of a channel in one process, as Node.js behaves: queued, written later, `disconnect` after the last message. */
function createFakeChannel(serialization: Serialization): [IpcEnd, IpcEnd] {
  class End extends EventEmitter {
    connected = true;
    other: End | undefined;
    queuedBytes = 0;
    channel = { ref() {}, unref() {} };
    send(value: unknown, written: (error: Error | null) => void): boolean {
      if (!['object', 'string', 'number', 'boolean'].includes(typeof value))
        throw new TypeError('ERR_INVALID_ARG_TYPE');
      const copy = serialization === 'json' ? JSON.parse(JSON.stringify(value)) : structuredClone(value);
      const bytes = JSON.stringify(serialization === 'json' ? copy : 0).length;
      this.queuedBytes += bytes;
      const taken = this.queuedBytes < 128 * 1024;
      setImmediate(() => {
        this.queuedBytes -= bytes;
        if (this.connected) this.other?.emit('message', copy);
        written(this.connected ? null : new Error('Channel closed'));
      });
      return taken;
    }
    disconnect(): void {
      for (const end of [this, this.other as End]) {
        if (!end.connected) continue;
        end.connected = false;
        process.nextTick(() => end.emit('disconnect'));
      }
    }
  }
  const [near, far] = [new End(), new End()];
  near.other = far;
  far.other = near;
  return [near as unknown as IpcEnd, far as unknown as IpcEnd];
}

for (const serialization of serializations) {
  testValueTransport(
    `native IPC, ${serialization}`,
    () => {
      const [near, far] = createFakeChannel(serialization);
      return {
        near: createIpcValueTransport(near, serialization),
        far: createIpcValueTransport(far, serialization),
      };
    },
    { structured: serialization === 'advanced' },
  );
  testByteTransport(
    `bytes over native IPC, ${serialization}`,
    async () => {
      const [near, far] = createFakeChannel(serialization);
      return {
        near: createIpcByteTransport(near, serialization),
        far: createIpcByteTransport(far, serialization),
      };
    },
    { halfOpen: false, lastWords: false },
  );

  test(`a child that speaks Kindred sends back values and bytes, ${serialization}`, { timeout }, async () => {
    const options = { stdio: ['ignore', 'pipe', 'inherit', 'ipc'] as const, serialization };
    const ofValues = startProgram(program, ['echo', serialization], {
      ...options,
      stdio: [...options.stdio],
    });
    const values = createIpcValueTransport(ofValues.child, serialization);
    const ear = createValueEar();
    values.start(ear);
    const value = serialization === 'json' ? { a: [1, null] } : { when: new Date(7), big: 2n };
    values.post(value);
    await ear.until('the echo', () => ear.values.length === 1);
    assert.deepEqual(ear.values, [{ echo: value }]);
    values.end();
    assert.equal(await ofValues.line(), 'closed');
    await ear.until('the close', () => ear.heard.includes('close'));
    assert.equal(await ofValues.exited, 0);

    const ofBytes = startProgram(program, ['bytes', serialization], {
      ...options,
      stdio: [...options.stdio],
    });
    const bytes = createIpcByteTransport(ofBytes.child, serialization);
    const byteEar = createEar();
    bytes.start(byteEar);
    const sent = Buffer.alloc(3_000_000, 'kin');
    for (let at = 0; at < sent.length; at += 100_000) bytes.write([sent.subarray(at, at + 100_000)]);
    await byteEar.until('the echo', () => byteEar.size === sent.length);
    assert.ok(byteEar.bytes.equals(sent));
    bytes.end();
    assert.equal(await ofBytes.line(), 'ended');
    assert.equal(await ofBytes.exited, 0);
  });
}

/** A child with nothing but Node.js. */
function startPlainChild(script: string, serialization: Serialization = 'json') {
  const child = fork('-', {
    execArgv: ['-e', script],
    serialization,
    stdio: ['ignore', 'pipe', 'inherit', 'ipc'],
  });
  const exited = new Promise<number | string>((resolve) =>
    child.once('exit', (code, signal) => resolve(code ?? String(signal))),
  );
  return { child, exited };
}

for (const serialization of serializations)
  test(`talks with a child that knows nothing of Kindred, ${serialization}`, { timeout }, async () => {
    const { child, exited } = startPlainChild(
      `process.on('message', (value) => process.send({ got: value }))`,
      serialization,
    );
    const transport = createIpcValueTransport(child, serialization);
    const ear = createValueEar();
    transport.start(ear);
    for (const value of [{ n: 1 }, 'text', 5, true, null]) transport.post(value);
    await ear.until('all answers', () => ear.values.length === 5);
    assert.deepEqual(ear.values, [
      { got: { n: 1 } },
      { got: 'text' },
      { got: 5 },
      { got: true },
      { got: null },
    ]);
    transport.end();
    await ear.until('the close', () => ear.heard.includes('close'));
    assert.equal(ear.error, undefined);
    assert.equal(await exited, 0);
  });

test('10,000 values of 1 KiB of a child that exits after they are written all arrive', {
  timeout,
}, async () => {
  const child = startProgram(program, ['flood', '10000', '1024'], {
    stdio: ['ignore', 'pipe', 'inherit', 'ipc'],
  });
  const transport = createIpcValueTransport(child.child);
  const ear = createValueEar();
  transport.start(ear);
  await ear.until('the close', () => ear.heard.includes('close'));
  assert.equal(ear.values.length, 10_000);
  assert.equal(await child.exited, 0);
});

test('what a child said before it was killed arrives, then the close', { timeout }, async () => {
  const { child, exited } = startPlainChild(
    `for (let i = 0; i < 100; i++) process.send(i); process.on('message', () => process.kill(process.pid, 'SIGKILL'))`,
  );
  const transport = createIpcValueTransport(child);
  const ear = createValueEar();
  await new Promise((resolve) => child.once('spawn', resolve));
  transport.post('die');
  assert.equal(await exited, 'SIGKILL');
  transport.start(ear);
  await ear.until('the close', () => ear.heard.includes('close'));
  assert.deepEqual(ear.values, [...Array(100).keys()]);
  assert.equal(transport.post('anybody?'), false);
});

test('a child whose channel never says that it ended is closed after a while, and not while it is heard', async () => {
  const timers: { ms: number; run: () => void }[] = [];
  const clock = {
    now: () => 0,
    after(ms: number, run: () => void) {
      timers.push({ ms, run });
      return { cancel() {}, unref() {} };
    },
  };
  const [near] = createFakeChannel('json') as unknown as EventEmitter[] as [EventEmitter & IpcEnd];
  const transport = createIpcValueTransport(near, 'json', clock);
  const ear = createValueEar();
  transport.start(ear);
  await new Promise((resolve) => setImmediate(resolve));
  near.emit('exit', null as never, 'SIGKILL' as never);
  near.emit('message', 'late', undefined as never);
  timers.shift()?.run();
  assert.deepEqual(ear.heard, ['value']);
  timers.shift()?.run();
  await ear.until('the close', () => ear.heard.includes('close'));
  assert.equal(timers.length, 0);
});

test("messages about handles on the same channel are nobody's else: not heard, and not sent by mistake", async () => {
  for (const serialization of serializations) {
    const [near, far] = createFakeChannel(serialization);
    const values = createIpcValueTransport(near, serialization);
    const [other, rest] = createFakeChannel(serialization);
    const bytes = createIpcByteTransport(other, serialization);
    const [ear, byteEar] = [createValueEar(), createEar()];
    values.start(ear);
    bytes.start(byteEar);
    for (const end of [far, rest] as unknown as { send(value: unknown, written: () => void): void }[])
      for (const value of [{ 'kindred:handle': { say: 'hello' } }, { 'kindred:passed': {} }, { mine: 1 }])
        end.send(value, () => {});
    await ear.until('the third', () => ear.heard.length > 0);
    await byteEar.until('the third', () => byteEar.bytes.length > 0);
    assert.equal(ear.heard.length, 1);
    assert.equal(String(byteEar.bytes), '{"mine":1}\n');
    for (const key of ['kindred:handle', 'kindred:passed'])
      assert.throws(() => values.check?.({ [key]: 1 }, defaultLimits), {
        code: 'ERR_RESERVED_MESSAGE',
        outcome: 'not-sent',
      });
    values.destroy();
    bytes.destroy();
  }
});

test('messages that Node.js would swallow are refused', async () => {
  for (const serialization of serializations) {
    const [near] = createFakeChannel(serialization);
    const transport = createIpcValueTransport(near, serialization);
    for (const value of [{ cmd: 'NODE_x' }, { cmd: 'NODE_HANDLE', more: 1 }])
      assert.throws(() => transport.check?.(value, defaultLimits), {
        code: 'ERR_RESERVED_MESSAGE',
        outcome: 'not-sent',
        message: /"NODE_/,
      });
    for (const value of [{ cmd: 'NODE_' }, { cmd: 'node_x' }, { command: 'NODE_x' }, { cmd: 5 }, ['NODE_x']])
      transport.check?.(value, defaultLimits);
    transport.destroy();
  }
  const [near] = createFakeChannel('json');
  const disguised = { toJSON: () => ({ cmd: 'NODE_x' }) };
  const transport = createIpcValueTransport(near);
  assert.throws(() => transport.check?.(disguised, defaultLimits), { code: 'ERR_RESERVED_MESSAGE' });
});

test('what JSON would leave out or bend is refused by its path', () => {
  const [near] = createFakeChannel('json');
  const transport = createIpcValueTransport(near);
  for (const [value, message] of [
    [{ when: new Date(0) }, /message\.when is a Date/],
    [[1, undefined], /message\[1\] is undefined/],
    [{ map: new Map() }, /message\.map is a Map/],
    [{ n: Number.NaN }, /message\.n is NaN/],
  ] as const)
    assert.throws(() => transport.check?.(value, defaultLimits), { code: 'ERR_NOT_ENCODABLE', message });
});

test('a flood before the start is given up at its limit', async () => {
  const [near] = createFakeChannel('json');
  const transport = createIpcValueTransport(near);
  for (let i = 0; i <= 10_000; i++) near.emit('message', i, undefined as never);
  const ear = createValueEar();
  transport.start(ear);
  await ear.until('the close', () => ear.heard.includes('close'));
  assert.equal((ear.error as { code?: string }).code, 'ERR_LIMIT');
  assert.match(ear.error?.message ?? '', /more than 10000 messages/);
});

test('a JSON line travels as the object that it says, what follows the first bytes as bytes', async () => {
  const [near, far] = createFakeChannel('json');
  const seen: unknown[] = [];
  far.on('message', (value: unknown) => seen.push(value));
  const transport = createIpcByteTransport(near);
  transport.write(['{"a":1}\n{"b":', '2}\n']);
  transport.write(['[3]\n', Buffer.from([0xff, 0x4b]), 'text of a frame']);
  transport.write(['more']);
  await new Promise((resolve) => setImmediate(() => setImmediate(resolve)));
  const base64 = (text: string | Buffer) => ({ 'kindred:bytes': Buffer.from(text).toString('base64') });
  const frame = Buffer.concat([Buffer.from([0xff, 0x4b]), Buffer.from('text of a frame')]);
  assert.deepEqual(seen, [{ a: 1 }, { b: 2 }, [3], base64(frame), base64('more')]);
  transport.destroy();
});

test('objects of a plain child are heard as JSON lines, and what JSON cannot say does no harm', async () => {
  const [near, far] = createFakeChannel('advanced');
  const transport = createIpcByteTransport(near, 'advanced');
  const ear = createEar();
  transport.start(ear);
  for (const value of [{ jsonrpc: '2.0' }, { big: 1n }, 'text'])
    (far as unknown as { send(value: unknown, done: () => void): void }).send(value, () => {});
  await ear.until('three lines', () => String(ear.bytes).split('\n').length === 4);
  assert.equal(String(ear.bytes), '{"jsonrpc":"2.0"}\nnull\n"text"\n');
  transport.destroy();
});

test('a paused receiver stops the sender after a window of bytes, and nothing is lost when it goes on', {
  timeout,
}, async () => {
  const child = startProgram(program, ['sink'], { stdio: ['pipe', 'pipe', 'inherit', 'ipc'] });
  const transport = createIpcByteTransport(child.child);
  const ear = createEar();
  transport.start(ear);
  const chunk = Buffer.alloc(50_000, 1);
  transport.write([chunk]);
  assert.equal(await child.line(), 'paused');
  let written = chunk.length;
  const fill = async () => {
    // The line drains while the window is still open.
    while (transport.write([chunk])) written += chunk.length;
    written += chunk.length;
  };
  await fill();
  while (written < 1024 * 1024) {
    const drains = ear.heard.filter((event) => event === 'drain').length;
    await ear.until('drain', () => ear.heard.filter((event) => event === 'drain').length > drains);
    await fill();
  }
  assert.ok(written < 1024 * 1024 + 2 * chunk.length, `${written} bytes were taken`);
  await transport.flushed();
  child.child.stdin?.write('go on\n');
  const heard = ear.heard.length;
  await ear.until('drain', () => ear.heard.length > heard);
  transport.end();
  assert.equal(await child.line(), String(written));
  assert.equal(await child.exited, 0);
});

test('the window stays what it is, whatever the other end says to have taken', async () => {
  const [near, far] = createFakeChannel('json');
  const transport = createIpcByteTransport(near);
  const ear = createEar();
  transport.start(ear);
  const say = (taken: unknown): Promise<unknown> =>
    new Promise((told) =>
      (far as unknown as { send(value: unknown, done: (error: unknown) => void): void }).send(
        { 'kindred:taken': taken },
        told,
      ),
    );
  for (const taken of [1e300, -1e300]) await say(taken);
  transport.write([Buffer.alloc(2 * 1024 * 1024)]);
  await transport.flushed();
  for (let turn = 0; turn < 5; turn++) await new Promise((resolve) => setImmediate(resolve));
  assert.ok(!ear.heard.includes('drain'), 'the window is full');
  await say(2 * 1024 * 1024);
  await ear.until('drain', () => ear.heard.includes('drain'));
  transport.destroy();
});
