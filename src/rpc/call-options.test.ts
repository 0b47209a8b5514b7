import assert from 'node:assert/strict';
import { getEventListeners } from 'node:events';
import { describe, it } from 'node:test';
import { createLoopWatch } from '../base/loop-watch.ts';
import { createTestClock } from '../testkit/clock.ts';
import { createPair } from '../testkit/pair.ts';
import type { CallOptions } from './peer.ts';

const service = { ping: (tag?: unknown) => tag ?? 'pong', size: ({ a }: { a: number }) => a };

describe('options that mean nothing', () => {
  const wrong: [string, CallOptions][] = [
    ['a timeout that is no number', { timeoutMs: Number.NaN }],
    ['a timeout that is a string', { timeoutMs: '500' as unknown as number }],
    ['a timeout before now', { timeoutMs: -1 }],
    ['a delivery that nobody knows', { delivery: 'recieved' as 'received' }],
  ];
  for (const [name, options] of wrong)
    it(`are refused with ERR_BAD_ARGUMENT: ${name}`, async () => {
      const { client } = createPair(service, { over: 'binary' });
      const expected = { code: 'ERR_BAD_ARGUMENT', outcome: 'not-sent' };
      await assert.rejects(client.with(options).call.ping(), expected);
      await assert.rejects(client.with(options).notify.ping(), expected);
      assert.equal(await client.call.ping(), 'pong');
      assert.equal(client.load.inFlight + client.load.waiting, 0);
      await client.close();
    });

  it('are refused by the promise, not thrown: an argument that is no object of named parameters', async () => {
    const { client } = createPair(service, { over: 'binary' });
    const named = client.with({ params: 'named' });
    const wrongCalls = [named.call.ping(5), named.call.ping(null), named.notify.ping('x')];
    for (const work of wrongCalls) await assert.rejects(work, { code: 'ERR_BAD_ARGUMENT' });
    assert.equal(await named.call.ping(), 'pong');
    assert.equal(await named.call.size({ a: 3 }), 3);
    await client.close();
  });
});

it('a timeout of 0 or Infinity is none', async () => {
  const { client } = createPair(service, { over: 'binary', client: { timeoutMs: 0 } });
  assert.equal(await client.call.ping(), 'pong');
  assert.equal(await client.with({ timeoutMs: Number.POSITIVE_INFINITY }).call.ping(), 'pong');
  await client.close();
});

describe('options of one `with` after the other', () => {
  it('leave what was where they are undefined', async () => {
    const clock = createTestClock();
    const { client } = createPair(
      { hang: () => new Promise(() => {}) },
      { over: 'values', client: { clock, watch: createLoopWatch(clock), timeoutMs: 500 } },
    );
    const { signal } = new AbortController();
    const failed = assert.rejects(client.with({ signal, timeoutMs: undefined }).call.hang(), {
      code: 'ERR_TIMEOUT',
    });
    await clock.advance(600);
    await failed;
    await client.close();
  });

  it('join their signals, and leave nothing with one that lives on', async () => {
    const { client } = createPair({ hang: () => new Promise(() => {}) }, { over: 'values' });
    const [long, short] = [new AbortController(), new AbortController()];
    const both = client.with({ signal: long.signal }).with({ signal: short.signal });
    const first = assert.rejects(both.call.hang(), { code: 'ERR_CANCELLED', cause: 'short' });
    short.abort('short');
    await first;
    assert.equal(getEventListeners(long.signal, 'abort').length, 0);
    const again = client.with({ signal: long.signal }).with({ signal: new AbortController().signal });
    const second = assert.rejects(again.call.hang(), { code: 'ERR_CANCELLED', cause: 'long' });
    long.abort('long');
    await second;
    await assert.rejects(both.notify.hang(), { code: 'ERR_CANCELLED', outcome: 'not-sent' });
    await client.close();
  });
});
