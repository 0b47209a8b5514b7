import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { KindredError, type KindredErrorOptions } from '../../base/errors.ts';
import { createTestClock } from '../../testkit/clock.ts';
import { createPair } from '../../testkit/pair.ts';
import type { Middleware } from '../peer.ts';
import { type RetryOptions, retry } from './retry.ts';

/** A client whose calls fail as told, one failure after the other, and then succeed. */
const failing = (failures: KindredError[], options: RetryOptions = {}) => {
  const clock = createTestClock();
  const made: (number | undefined)[] = [];
  const faults: Middleware = (next) => async (call) => {
    made.push(call.timeoutMs);
    const failure = failures.shift();
    if (failure !== undefined) throw failure;
    return next(call);
  };
  const { client } = createPair(
    { ping: () => 'pong', take: (_given: unknown) => 'taken' },
    { client: { middleware: [retry({ clock, random: () => 1, ...options }), faults] } },
  );
  return { client, clock, made };
};

const gone = (options: KindredErrorOptions = {}): KindredError =>
  new KindredError('ERR_PEER_GONE', 'gone', { outcome: 'not-sent', ...options });

describe('a retry', () => {
  it('makes a call again that was not sent, with longer and longer waits', async () => {
    const { client, clock, made } = failing([gone(), gone()]);
    const call = client.call.ping();
    await clock.advance(99);
    assert.equal(made.length, 1);
    await clock.advance(1);
    assert.equal(made.length, 2);
    await clock.advance(199);
    assert.equal(made.length, 2);
    await clock.advance(1);
    assert.equal(await call, 'pong');
    assert.equal(made.length, 3);
    await client.close();
  });

  it('gives up after so many attempts, with the last error', async () => {
    const { client, clock, made } = failing([gone(), gone({ data: 'last' })], { attempts: 2 });
    const rejected = assert.rejects(client.call.ping(), { code: 'ERR_PEER_GONE', data: 'last' });
    await clock.advance(100);
    await rejected;
    assert.equal(made.length, 2);
    await client.close();
  });

  const once: [string, KindredError][] = [
    ['one whose outcome is unknown', gone({ outcome: 'unknown' })],
    ['one that was executed', gone({ outcome: 'executed' })],
    ['one whose error is not retryable', gone({ retryable: false })],
  ];
  for (const [name, failure] of once)
    it(`makes no call again: ${name}`, async () => {
      const { client, made } = failing([failure]);
      await assert.rejects(client.call.ping(), { code: 'ERR_PEER_GONE' });
      assert.equal(made.length, 1);
      await client.close();
    });

  it('makes a call again whose outcome is unknown where it is marked: by its caller, or by name', async () => {
    for (const byName of [false, true]) {
      const options = byName ? { idempotent: ['ping'] } : {};
      const { client, clock, made } = failing([gone({ outcome: 'unknown' })], options);
      const call = (byName ? client : client.with({ idempotent: true })).call.ping();
      await clock.advance(100);
      assert.equal(await call, 'pong');
      assert.equal(made.length, 2);
      await client.close();
    }
  });

  it('never repeats what may have read a stream or called a function, wherever it stands', async () => {
    async function* items() {
      yield 1;
    }
    for (const given of [items(), () => {}, { deep: [items()] }, { deep: [() => {}] }]) {
      const { client, made } = failing([gone({ outcome: 'unknown' })]);
      await assert.rejects(client.with({ idempotent: true }).call.take(given), { code: 'ERR_PEER_GONE' });
      assert.equal(made.length, 1);
      await client.close();
    }
  });

  it('has no more time than the call', async () => {
    const { client, clock, made } = failing([gone(), gone()]);
    const rejected = assert.rejects(client.with({ timeoutMs: 250 }).call.ping(), { code: 'ERR_PEER_GONE' });
    await clock.advance(100);
    assert.deepEqual(made, [250, 150]);
    await rejected;
    await client.close();
  });

  it('ends when the caller gives up while it waits', async () => {
    const { client, clock, made } = failing([gone()]);
    const controller = new AbortController();
    const call = client.with({ signal: controller.signal }).call.ping();
    await clock.advance(50);
    controller.abort();
    await assert.rejects(call, { code: 'ERR_CANCELLED', outcome: 'not-sent' });
    await clock.advance(1000);
    assert.equal(made.length, 1);
    await client.close();
  });

  it('repeats what a limit of the other end has turned away', async () => {
    let busy = true;
    const { client } = createPair(
      { ping: () => 'pong' },
      {
        client: { middleware: [retry({ firstMs: 1 })] },
        server: {
          serviceMiddleware: [
            (next) => (call) => {
              if (!busy) return next(call);
              busy = false;
              return limit(() => Promise.resolve())(call);
            },
          ],
        },
      },
    );
    assert.equal(await client.call.ping(), 'pong');
    await client.close();
  });
});

const limit: Middleware = (_next) => async (call) => {
  const { refused } = await import('./refused.ts');
  throw refused(call, 'ERR_BUSY', 'too much');
};
