import assert from 'node:assert/strict';
import { once } from 'node:events';
import { describe, it } from 'node:test';
import { MessageChannel } from 'node:worker_threads';
import { createTestClock } from '../testkit/clock.ts';
import { gate, held, next, type Pooled, pooled, rejection, withPool } from './fixtures/pools.ts';
import { pool, poolIn } from './pool.ts';

describe('a worker of a pool', () => {
  it('has a number that no other has at the same time', () =>
    withPool(
      { size: 2, recycleAfter: { calls: 1 }, warmUp: (worker, number) => worker.call.setNumber(number) },
      async (workers) => {
        const numbers = await Promise.all([workers.call.numberOf(), workers.call.numberOf()]);
        assert.deepEqual(numbers.sort(), [1, 2]);
        for (let i = 0; i < 4; i++) assert.ok([1, 2, 3, 4].includes(await workers.call.numberOf()));
      },
    ));

  it('is cooled down when it ends in good order and nothing runs in it any more', async () => {
    const cooled: string[] = [];
    const coolDown = async (worker: { call: { where(): Promise<string> } }): Promise<void> => {
      cooled.push(await worker.call.where());
    };
    await withPool({ size: 1, coolDown, graceMs: 5000 }, async (workers) => {
      const { letGo, done } = await held(workers);
      const recycled = workers.recycle();
      assert.deepEqual(cooled, []);
      letGo();
      await recycled;
      assert.deepEqual(cooled, [await done]);
      await rejection(workers.call.crash(1));
      await workers.call.add(1);
      assert.equal(cooled.length, 1);
    });
    assert.equal(cooled.length, 2);
  });

  it('ends whatever comes of its cooling down', async () => {
    let cooled = 0;
    const never = new Promise(() => {});
    const coolDown = (): Promise<unknown> => {
      if (++cooled === 1) throw new Error('no');
      return never;
    };
    await withPool({ size: 1, coolDown, graceMs: 20 }, async (workers) => {
      const down = next('down');
      await workers.recycle();
      assert.match(String((await down)['error']), /no/);
      await workers.call.add(1);
      const later = next('down');
      await workers.recycle();
      assert.match(String((await later)['error']), /coolDown took more than 20 ms/);
    });
  });

  it('that takes more memory than it may is gone, and replaced', () =>
    withPool({ size: 1, resourceLimits: { maxOldGenerationSizeMb: 24 } }, async (workers) => {
      const before = await workers.call.where();
      const down = next('down');
      const error = await rejection(workers.call.devour());
      assert.deepEqual([error.code, error.outcome], ['ERR_PEER_GONE', 'unknown']);
      assert.equal((await down)['why'], 'died');
      assert.notEqual(await workers.call.where(), before);
    }));

  it('runs the default export of its module by that name', () =>
    withPool({ size: 1 }, async (workers) => {
      assert.equal(await workers.call.default(21), 42);
    }));

  it('in a thread shares memory that is shared, and gets ports', () =>
    withPool({ size: 2 }, async (workers) => {
      const cell = new Int32Array(new SharedArrayBuffer(4));
      const sharing = workers.with({ transfer: [cell.buffer] });
      await Promise.all(Array.from({ length: 10 }, () => sharing.call.increment(cell)));
      assert.equal(cell[0], 10);
      const { port1, port2 } = new MessageChannel();
      const heard = once(port1, 'message');
      await workers.with({ transfer: [port2] }).call.sayTo(port2, 'hello');
      assert.deepEqual(await heard, ['hello']);
      port1.close();
    }));
});

it('a pool whose workers fail at their start waits twice as long before each further one, and says so', async () => {
  const clock = createTestClock();
  let starts = 0;
  let isBroken = false;
  const warmUp = (): void => {
    starts++;
    if (isBroken) throw new Error('out of order');
  };
  const workers = await poolIn<Pooled>(pooled, { in: 'here', size: 1, warmUp }, clock);
  const [worker] = workers.workers;
  isBroken = true;
  let failed = next('failed');
  await worker?.close();
  for (const pauseMs of [100, 200, 400, 800, 1600, 3200, 6400, 10_000, 10_000]) {
    assert.match(String((await failed)['error']), /pooled\.ts could not be warmed up: out of order/);
    failed = next('failed');
    const before = starts;
    await clock.advance(pauseMs - 1);
    assert.deepEqual([workers.status.starting, starts], [0, before], `before ${pauseMs} ms`);
    await clock.advance(1);
    assert.equal(workers.status.starting + starts - before, 1, `after ${pauseMs} ms`);
  }
  await failed;
  isBroken = false;
  const up = next('up');
  const answer = workers.call.add(1, 2);
  await clock.advance(10_000);
  await up;
  assert.equal(await answer, 3);
  await workers.close();
});

it('a pool gives up waiting for room by the clock that it was given', async () => {
  const clock = createTestClock();
  const workers = await poolIn<Pooled>(pooled, { in: 'here', size: 1, maxWaiting: 0 }, clock);
  assert.equal(workers.full, false);
  await workers.room();
  const end = gate();
  const call = workers.call.hold(() => end.opened);
  assert.equal(workers.full, true);
  let isLate = false;
  const late = rejection(workers.room({ timeoutMs: 500 })).finally(() => {
    isLate = true;
  });
  await clock.advance(499);
  assert.equal(isLate, false);
  await clock.advance(1);
  assert.equal((await late).code, 'ERR_TIMEOUT');
  const room = workers.room();
  end.open();
  await call;
  await room;
  await workers.close();
});

it('a pool with coolDown and a warm-up that fails leaves nothing', async () => {
  const error = await rejection(
    pool(pooled, {
      in: 'thread',
      size: 2,
      warmUp: (_, number) => {
        if (number === 2) throw new Error('number 2');
      },
      coolDown: () => {},
    }),
  );
  assert.match(error.message, /number 2/);
});
