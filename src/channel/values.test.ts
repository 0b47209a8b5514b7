import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { type Heard, hear } from '../../test/suites/channel-ear.ts';
import type { KindredError } from '../base/errors.ts';
import { createTestClock } from '../testkit/clock.ts';
import { defaultLimits, type Limits } from '../wire/limits.ts';
import type { Message } from '../wire/message.ts';
import type { Channel, CloseReason } from './channel.ts';
import { createMemoryPair } from './memory.ts';
import type { ValueReceiver, ValueTransport } from './transport.ts';
import { createValuesChannel } from './values.ts';

const hello = { version: 1, maxCalls: 8, maxMessageBytes: 100_000 };
const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
const notify = (method: string, ...params: unknown[]): Message => ({ kind: 'notify', method, params });

const methods = ({ messages }: Heard): unknown[] =>
  messages.map((message) => (message as { method?: string }).method);

function createKin(limits: Partial<Limits> = {}) {
  const all = { ...defaultLimits, ...limits };
  const [left, right] = createMemoryPair();
  const near = createValuesChannel(left, { form: 'kindred', hello, limits: all });
  const far = createValuesChannel(right, { form: 'kindred', hello, limits: all });
  return { near, far, nearHeard: hear(near), farHeard: hear(far) };
}

describe('a channel of values between two Kindreds', () => {
  const batch = (message: unknown, bytes: unknown = 8): object => ({ messages: [message], bytes: [bytes] });
  const wrongs: Record<string, unknown> = {
    'nothing at all': undefined,
    'no batch': { messages: 'all' },
    'sizes that are none': batch(notify('m'), Number.NaN),
    'fewer sizes than messages': { messages: [notify('m')], bytes: [] },
    'a question for more than a number': { messages: [], bytes: [], asks: 'all' },
    'a message that is null': batch(null),
    'a message of no kind': batch({ kind: 'toString' }),
    'a call whose arguments are none': batch({ kind: 'call', id: 1, method: 'm', params: 7 }),
    'a call whose id is an object': batch({ kind: 'call', id: {}, method: 'm', params: [] }),
    'a notification without a name': batch({ kind: 'notify', params: [] }),
    'an error without words': batch({ kind: 'error', id: 1, error: {} }),
    'less credit than none': batch({ kind: 'credit', stream: 1, items: -1, bytes: 0 }),
    'a hello that says nothing': batch({ kind: 'hello' }),
    'a hello that takes no calls': batch({ kind: 'hello', hello: { ...hello, maxCalls: 0 } }),
    'more taken than was posted': { taken: 1e9 },
    'what is no number of bytes taken': { taken: Number.NaN },
  };
  for (const [what, value] of Object.entries(wrongs))
    it(`closes with ERR_PROTOCOL where it is handed ${what}`, async () => {
      const [left, right] = createMemoryPair();
      const heard = hear(createValuesChannel(left, { form: 'kindred', hello, limits: defaultLimits }));
      right.start({ value() {}, drain() {}, close() {} });
      right.post(value);
      await turn();
      assert.equal(heard.reason?.error?.code, 'ERR_PROTOCOL');
      assert.deepEqual(heard.messages, []);
    });

  it('closes also where the other end takes too little to be told why', async () => {
    const [left, right] = createMemoryPair();
    const heard = hear(createValuesChannel(left, { form: 'kindred', hello, limits: defaultLimits }));
    right.start({ value() {}, drain() {}, close() {} });
    right.post({ messages: [{ kind: 'hello', hello: { ...hello, maxMessageBytes: 1 } }], bytes: [8] });
    right.post('no batch');
    await turn();
    assert.equal(heard.reason?.error?.code, 'ERR_PROTOCOL');
  });

  it('fails only the message that cannot be posted', async () => {
    const { near, farHeard } = createKin();
    const gone = new ArrayBuffer(8);
    structuredClone(gone, { transfer: [gone] });
    const bytes = new Uint8Array(8);
    near.send(notify('before'));
    assert.throws(() => near.send(notify('bad', bytes), { sent: false, transfer: [gone] }));
    near.send(notify('after'));
    await turn();
    assert.deepEqual(methods(farHeard), ['before', 'after']);
  });

  it('is full until the other end has taken what was posted, and says when there is room again', async () => {
    const { near, far, nearHeard, farHeard } = createKin({ maxBufferedBytes: 10_000 });
    await turn();
    far.pause();
    let sent = 0;
    for (; !near.full && sent < 100; sent++) near.send(notify('x', 'x'.repeat(1000)));
    await turn();
    assert.ok(sent < 15, `${sent} thousand bytes went out`);
    assert.equal(near.full, true);
    assert.equal(farHeard.messages.length, 0);
    far.resume();
    await turn();
    assert.equal(farHeard.messages.length, sent);
    assert.equal(near.full, false);
    assert.equal(nearHeard.drained, 1);
  });

  for (const how of ['close', 'destroy'] as const)
    it(`ends by ${how} where the other end is gone and what it said is not taken yet`, async () => {
      const { near, far, farHeard } = createKin();
      await turn();
      far.pause();
      near.send(notify('last words'));
      await near.close();
      await turn();
      assert.equal(farHeard.reason, undefined);
      if (how === 'close') void far.close();
      else far.destroy({ kind: 'closed' });
      assert.deepEqual(await far.closed, { kind: 'closed' });
    });

  it('hears that there is room also while it takes nothing itself', async () => {
    const { near, far, nearHeard } = createKin({ maxBufferedBytes: 10_000 });
    await turn();
    near.pause();
    while (!near.full) near.send(notify('x', 'x'.repeat(1000)));
    await turn();
    assert.equal(near.full, false);
    assert.equal(nearHeard.drained, 1);
    await far.close();
  });

  it('closes with an error that names both versions where the other end speaks another', async () => {
    const [left, right] = createMemoryPair();
    const near = hear(createValuesChannel(left, { form: 'kindred', hello, limits: defaultLimits }));
    const later = { ...hello, version: 2 };
    hear(createValuesChannel(right, { form: 'kindred', hello: later, limits: defaultLimits }));
    await turn();
    await turn();
    assert.equal(near.reason?.error?.code, 'ERR_PROTOCOL');
    assert.match(near.reason.error.message, /version 2\b.*version 1\b/);
  });

  it('never waits for a message that is larger than all that may wait', async () => {
    const { near, farHeard } = createKin({ maxBufferedBytes: 100 });
    await turn();
    for (let i = 0; i < 5; i++) {
      near.send(notify('large', 'x'.repeat(1000)));
      await turn();
      assert.equal(near.full, false);
    }
    assert.equal(farHeard.messages.length, 5);
  });
});

/** A transport that takes one value and then waits until the test says so. */
function createSlowTransport() {
  const posted: unknown[] = [];
  let receiver: ValueReceiver | undefined;
  let closed = false;
  const transport: ValueTransport = {
    form: 'values',
    name: 'slow',
    clone: 'json',
    transfer: false,
    start: (given) => (receiver = given),
    check(value) {
      if (value === 'reserved') throw new Error('reserved');
    },
    post(value) {
      posted.push(value);
      return false;
    },
    flushed: () => Promise.resolve(true),
    end() {},
    destroy() {
      closed = true;
      receiver?.close();
    },
    ref() {},
    unref() {},
  };
  return { transport, posted, drain: () => receiver?.drain(), isClosed: () => closed };
}

describe('a channel of plain values', () => {
  const plain = (value: unknown): Message => ({ kind: 'plain', value });
  const open = (transport: ValueTransport, clock = createTestClock()): Channel => {
    const channel = createValuesChannel(transport, { form: 'plain', hello, limits: defaultLimits, clock });
    hear(channel);
    return channel;
  };

  it('sends a value as it was when it was sent, also when it had to wait', () => {
    const { transport, posted, drain } = createSlowTransport();
    const channel = open(transport);
    channel.send(plain('first'));
    const value = { n: 1 };
    channel.send(plain(value));
    value.n = 2;
    drain();
    assert.deepEqual(posted, ['first', { n: 1 }]);
  });

  it('refuses at once what cannot be sent, also when it would have to wait', () => {
    const { transport, posted, drain } = createSlowTransport();
    const channel = open(transport);
    channel.send(plain('first'));
    assert.throws(() => channel.send(plain('reserved')), /reserved/);
    assert.throws(() => channel.send(plain(1n)));
    channel.send(plain('last'));
    drain();
    assert.deepEqual(posted, ['first', 'last']);
  });

  it('closes in the end, also when the transport takes no more', async () => {
    const clock = createTestClock();
    const { transport, isClosed } = createSlowTransport();
    const channel = open(transport, clock);
    channel.send(plain('first'));
    channel.send(plain('second'));
    let reason: CloseReason | KindredError | undefined;
    void channel.close().then((closed) => (reason = closed));
    await clock.advance(999);
    assert.equal(isClosed(), false);
    await clock.advance(1);
    await turn();
    assert.deepEqual(reason, { kind: 'closed' });
  });
});

it('gives up a sender that nothing holds back when nobody takes what it sends', async () => {
  const [near, far] = createMemoryPair();
  const limits = defaultLimits;
  const channel = createValuesChannel(far, { form: 'plain', hello, limits });
  const heard = hear(channel);
  channel.pause();
  for (let n = 0; n < 10_000; n++) near.post(n);
  await turn();
  assert.equal(channel.state, 'open');
  near.post('one more');
  await turn();
  assert.equal(heard.reason?.kind, 'broken');
  assert.equal(heard.reason.error?.code, 'ERR_LIMIT');
  assert.deepEqual(heard.messages, []);
});

it('gives up such a sender also when what it sent is too much to hold', async () => {
  const [near, far] = createMemoryPair();
  const limits = { ...defaultLimits, maxBufferedBytes: 1000 };
  const channel = createValuesChannel(far, { form: 'plain', hello, limits });
  const heard = hear(channel);
  channel.pause();
  near.post('x'.repeat(2000));
  await turn();
  channel.resume();
  assert.equal(heard.messages.length, 1, 'one is always held, however large');
  channel.pause();
  for (let n = 0; n < 9; n++) near.post('x'.repeat(100));
  await turn();
  assert.equal(channel.state, 'open');
  near.post('x'.repeat(100));
  await turn();
  assert.equal(heard.reason?.error?.code, 'ERR_LIMIT');
  assert.match(heard.reason.error.message, /maxBufferedBytes \(1000\)/);
});

describe('the limits of a plain value', () => {
  const nested = (depth: number): unknown => (depth === 0 ? 1 : [nested(depth - 1)]);
  const limits = { ...defaultLimits, maxDepth: 5, maxMessageBytes: 1000 };
  // A string has 8 bytes beside its letters.
  const fits = [nested(5), 'x'.repeat(992), new Map([[1, new Uint8Array(900)]])];
  const tooMuch = [nested(6), 'x'.repeat(993), new Map([[1, new Uint8Array(1000)]])];

  it('are those of its sender', () => {
    const [near] = createMemoryPair();
    const channel = createValuesChannel(near, { form: 'plain', hello, limits });
    hear(channel);
    for (const value of fits) channel.send({ kind: 'plain', value });
    for (const value of tooMuch)
      assert.throws(() => channel.send({ kind: 'plain', value }), {
        code: 'ERR_LIMIT',
        message: /maxDepth \(5\)|maxMessageBytes \(1000\)/,
      });
    assert.equal(channel.state, 'open');
  });

  it('and of its receiver, who gives the channel up', async () => {
    for (const value of tooMuch) {
      const [near, far] = createMemoryPair();
      const heard = hear(createValuesChannel(far, { form: 'plain', hello, limits }));
      for (const good of fits) near.post(good);
      near.post(value);
      await turn();
      await turn();
      assert.equal(heard.messages.length, fits.length);
      assert.equal(heard.reason?.error?.code, 'ERR_LIMIT');
    }
  });
});

it('says what it carries', () => {
  const [near, far] = createMemoryPair();
  const values = createValuesChannel(near, { form: 'plain', hello, limits: defaultLimits });
  assert.deepEqual(values.carries, { form: 'values', structured: true, handles: false, transfer: true });
  const { transport } = createSlowTransport();
  const json = createValuesChannel(transport, { form: 'plain', hello, limits: defaultLimits });
  assert.deepEqual(json.carries, { form: 'values', structured: false, handles: false, transfer: false });
  far.destroy();
});
