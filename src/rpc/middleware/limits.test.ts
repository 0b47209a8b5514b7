import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { createTestClock } from '../../testkit/clock.ts';
import { createPair } from '../../testkit/pair.ts';
import { type ConcurrencyLimitOptions, concurrencyLimit } from './concurrency-limit.ts';
import { rateLimit } from './rate-limit.ts';

const turns = async (): Promise<void> => {
  for (let turn = 0; turn < 50; turn++) await Promise.resolve();
};

/** A service whose functions wait until they are let go, in the order of their start. */
const gated = (options: ConcurrencyLimitOptions) => {
  const clock = createTestClock();
  const started: string[] = [];
  const gates: (() => void)[] = [];
  const service = {
    work: (name: string) => {
      started.push(name);
      return new Promise<string>((resolve) => gates.push(() => resolve(name)));
    },
    async *items(name: string) {
      started.push(name);
      yield 1;
      yield await new Promise<number>((resolve) => gates.push(() => resolve(2)));
    },
  };
  const middleware = [concurrencyLimit({ clock, ...options })];
  return { clock, started, next: () => gates.shift()?.(), service, middleware };
};

describe('a concurrency limit', () => {
  it('lets so many functions run at once, and the others wait in their order', async () => {
    const { started, next, service, middleware } = gated({ max: 2 });
    const { client } = createPair(service, { over: 'values', server: { serviceMiddleware: middleware } });
    const calls = ['a', 'b', 'c', 'd'].map((name) => client.call.work(name));
    await turns();
    assert.deepEqual(started, ['a', 'b']);
    next();
    assert.equal(await calls[0], 'a');
    await turns();
    assert.deepEqual(started, ['a', 'b', 'c']);
    for (let i = 0; i < 3; i++) {
      next();
      await turns();
    }
    assert.deepEqual(await Promise.all(calls), ['a', 'b', 'c', 'd']);
    await client.close();
  });

  it('refuses one more than may wait, with ERR_BUSY, and says that it never ran', async () => {
    const { next, service, middleware } = gated({ max: 1, maxWaiting: 1 });
    const { client } = createPair(service, { server: { serviceMiddleware: middleware } });
    const first = client.call.work('a');
    const second = client.call.work('b');
    await assert.rejects(client.call.work('c'), { code: 'ERR_BUSY', outcome: 'not-sent', origin: 'remote' });
    next();
    await first;
    await turns();
    next();
    await second;
    await client.close();
  });

  it('holds for calls that are made', async () => {
    const { started, next, service, middleware } = gated({ max: 1, maxWaiting: 1 });
    const { client } = createPair(service, { over: 'values', client: { middleware } });
    const first = client.call.work('a');
    const second = client.call.work('b');
    await assert.rejects(client.call.work('c'), { code: 'ERR_BUSY', outcome: 'not-sent', origin: 'local' });
    await turns();
    assert.deepEqual(started, ['a']);
    next();
    await first;
    await turns();
    assert.deepEqual(started, ['a', 'b']);
    next();
    await second;
    await client.close();
  });

  it('lets a call give up while it waits: by its signal, or by its time; the place goes to the next', async () => {
    const { clock, started, next, service, middleware } = gated({ max: 1 });
    const { client } = createPair(service, { over: 'values', client: { middleware } });
    const controller = new AbortController();
    const first = client.call.work('a');
    const cancelled = client.with({ signal: controller.signal }).call.work('b');
    const late = client.with({ timeoutMs: 100 }).call.work('c');
    const last = client.call.work('d');
    await turns();
    controller.abort();
    await assert.rejects(cancelled, { code: 'ERR_CANCELLED', outcome: 'not-sent' });
    const rejected = assert.rejects(late, { code: 'ERR_TIMEOUT', outcome: 'not-sent' });
    await clock.advance(100);
    await rejected;
    next();
    await first;
    await turns();
    assert.deepEqual(started, ['a', 'd']);
    next();
    await last;
    await client.close();
  });

  it('loses no place to a call that gives up at the moment when it gets one', async () => {
    const { started, next, service, middleware } = gated({ max: 1 });
    const { client } = createPair(service, { over: 'values', client: { middleware } });
    const controller = new AbortController();
    const first = client.call.work('a');
    const second = client.with({ signal: controller.signal }).call.work('b');
    await turns();
    void first.then(() => controller.abort());
    next();
    await assert.rejects(second, { code: 'ERR_CANCELLED' });
    const third = client.call.work('c');
    await turns();
    assert.equal(started.at(-1), 'c');
    while (started.length > 0 && started.pop() !== undefined) next();
    await third;
    await client.close();
  });

  it('counts a stream until it has ended', async () => {
    const { started, next, service, middleware } = gated({ max: 1 });
    const { client } = createPair(service, { server: { serviceMiddleware: middleware } });
    const stream = await client.call.items('a');
    const other = client.call.work('b');
    await turns();
    assert.deepEqual(
      started.filter((name) => name === 'b'),
      [],
    );
    next();
    let sum = 0;
    for await (const n of stream) sum += n;
    assert.equal(sum, 3);
    while (!started.includes('b')) await new Promise(setImmediate);
    next();
    assert.equal(await other, 'b');
    await client.close();
  });

  it('is one for all peers, or one for each', async () => {
    for (const per of ['all', 'peer'] as const) {
      const { started, next, service, middleware } = gated({ max: 1, per });
      const one = createPair(service, { over: 'values', server: { serviceMiddleware: middleware } });
      const two = createPair(service, { over: 'values', server: { serviceMiddleware: middleware } });
      const calls = [one.client.call.work('a'), two.client.call.work('b')];
      await turns();
      assert.deepEqual(started, per === 'all' ? ['a'] : ['a', 'b']);
      next();
      await calls[0];
      await turns();
      next();
      await Promise.all(calls);
      await Promise.all([one.client.close(), two.client.close()]);
    }
  });

  it('that means nothing is refused with ERR_BAD_ARGUMENT', () => {
    for (const wrong of [{ max: 0 }, { max: 1.5 }, { max: 1, maxWaiting: -1 }, { max: 1, per: 'x' as 'all' }])
      assert.throws(() => concurrencyLimit(wrong), { code: 'ERR_BAD_ARGUMENT' });
  });
});

describe('a rate limit', () => {
  it('lets so many calls begin in a time, refuses more, and gives places back evenly', async () => {
    const clock = createTestClock();
    const middleware = [rateLimit({ max: 3, everyMs: 300, clock })];
    const { client } = createPair({ ping: () => 'pong' }, { server: { serviceMiddleware: middleware } });
    for (let i = 0; i < 3; i++) await client.call.ping();
    await assert.rejects(client.call.ping(), {
      code: 'ERR_BUSY',
      outcome: 'not-sent',
      retryable: true,
      data: { retryAfterMs: 100 },
    });
    await clock.advance(100);
    assert.equal(await client.call.ping(), 'pong');
    await assert.rejects(client.call.ping(), { code: 'ERR_BUSY' });
    await clock.advance(300);
    for (let i = 0; i < 3; i++) await client.call.ping();
    await assert.rejects(client.call.ping(), { code: 'ERR_BUSY' });
    await client.close();
  });

  it('is one for each peer, or one for all', async () => {
    for (const per of ['peer', 'all'] as const) {
      const middleware = [rateLimit({ max: 1, per, clock: createTestClock() })];
      const one = createPair({ ping: () => 'pong' }, { server: { serviceMiddleware: middleware } });
      const two = createPair({ ping: () => 'pong' }, { server: { serviceMiddleware: middleware } });
      await one.client.call.ping();
      if (per === 'all') await assert.rejects(two.client.call.ping(), { code: 'ERR_BUSY' });
      else assert.equal(await two.client.call.ping(), 'pong');
      await Promise.all([one.client.close(), two.client.close()]);
    }
  });

  it('that means nothing is refused with ERR_BAD_ARGUMENT', () => {
    for (const wrong of [{ max: 0 }, { max: 1, everyMs: 0 }, { max: 1, per: 'x' as 'all' }])
      assert.throws(() => rateLimit(wrong), { code: 'ERR_BAD_ARGUMENT' });
  });
});
