import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { gate, held, next, type Pooled, pooled, rejection, withPool } from './fixtures/pools.ts';
import { pool } from './pool.ts';

const broken = new URL('./fixtures/broken.ts', import.meta.url);

for (const place of ['process', 'thread', 'here'] as const)
  describe(`a pool in: ${place}`, () => {
    it('answers calls, each by its name, with results, streams and errors', () =>
      withPool({ in: place }, async (workers) => {
        assert.equal(await workers.call.add(1, 2), 3);
        const items: number[] = [];
        for await (const n of workers.call.countdown(3)) items.push(n);
        assert.deepEqual(items, [3, 2, 1]);
        const error = await rejection(workers.call.fail());
        assert.equal(error.outcome, 'executed');
        assert.ok(error.cause instanceof RangeError);
      }));

    it('runs as many calls at a time as it has workers', () =>
      withPool({ in: place }, async (workers) => {
        const first = await held(workers);
        const second = await held(workers);
        const third = workers.call.where();
        assert.deepEqual([workers.status.running, workers.status.waiting], [2, 1]);
        first.letGo();
        const [here, there] = [await first.done, await third];
        assert.equal(there, here);
        second.letGo();
        assert.equal((await second.done) === here, place === 'here');
      }));

    it('gives a call up that waits, and never runs it', () =>
      withPool({ in: place, size: 1 }, async (workers) => {
        const { letGo, done } = await held(workers);
        const giving = new AbortController();
        const waiting = rejection(workers.with({ signal: giving.signal }).call.warm());
        giving.abort();
        const error = await waiting;
        assert.deepEqual([error.code, error.outcome], ['ERR_CANCELLED', 'not-sent']);
        const late = await rejection(workers.with({ timeoutMs: 1 }).call.warm());
        assert.deepEqual([late.code, late.outcome], ['ERR_TIMEOUT', 'not-sent']);
        const before = await workers.workers.values().next().value?.call.warmthOf();
        letGo();
        await done;
        assert.equal(await workers.call.warmthOf(), before);
      }));

    it('settles all calls when it is closed', async () => {
      const workers = await pool<Pooled>(pooled, { in: place, size: 1, graceMs: 50 });
      const { done } = await held(workers);
      const waiting = rejection(workers.call.add(1));
      await workers.close();
      const error = await rejection(done);
      assert.deepEqual([error.code, error.outcome], ['ERR_CLOSED', 'unknown']);
      const unsent = await waiting;
      assert.deepEqual([unsent.code, unsent.outcome], ['ERR_CLOSED', 'not-sent']);
      assert.equal((await rejection(workers.call.add(1))).code, 'ERR_CLOSED');
    });

    it('finishes what waits and runs when it is drained', async () => {
      const workers = await pool<Pooled>(pooled, { in: place, size: 1 });
      const { letGo, done } = await held(workers);
      const waiting = workers.call.add(1, 2);
      const drained = workers.drain();
      assert.equal(workers.state, 'draining');
      assert.equal((await rejection(workers.call.add(1))).outcome, 'not-sent');
      letGo();
      assert.equal(await waiting, 3);
      await done;
      await drained;
      assert.equal(workers.state, 'closed');
    });

    it('that cannot start says why, and leaves nothing', async () => {
      const error = await rejection(pool(broken, { in: place, size: 2 }));
      assert.equal(error.code, 'ERR_START_FAILED');
      assert.match(error.message, /broken\.ts/);
    });

    it('calls back what it was given to call', () =>
      withPool({ in: place, serve: { name: () => 'the host' } }, async (workers) => {
        assert.equal(await workers.call.askBack(), 'the host');
      }));
  });

for (const place of ['process', 'thread'] as const)
  describe(`a worker of a pool in: ${place}`, () => {
    it('that dies in a call rejects it as unknown, and is replaced', () =>
      withPool({ in: place, size: 1 }, async (workers) => {
        const before = await workers.call.where();
        const crashed = rejection(workers.call.crash(7));
        const waiting = workers.call.where();
        const error = await crashed;
        assert.deepEqual([error.code, error.outcome], ['ERR_PEER_GONE', 'unknown']);
        assert.notEqual(await waiting, before);
        assert.equal(workers.status.replaced, 1);
      }));

    it('stays where a call that is given up ends in time', () =>
      withPool({ in: place, size: 1 }, async (workers) => {
        const before = await workers.call.where();
        const [begun, giving] = [gate(), new AbortController()];
        const stopped = rejection(
          workers.with({ signal: giving.signal }).call.obey(async () => begun.open()),
        );
        await begun.opened;
        giving.abort();
        const error = await stopped;
        assert.deepEqual([error.code, error.outcome], ['ERR_CANCELLED', 'unknown']);
        assert.equal(await workers.call.where(), before);
        assert.equal(workers.status.replaced, 0);
      }));

    for (const deaf of ['ignore', 'block'] as const)
      it(`is killed and replaced where a call goes on after the grace (${deaf})`, () =>
        withPool({ in: place, size: 1, graceMs: 50 }, async (workers) => {
          const before = await workers.call.where();
          const [begun, giving] = [gate(), new AbortController()];
          const stopped = rejection(
            workers.with({ signal: giving.signal }).call[deaf](async () => begun.open()),
          );
          await begun.opened;
          giving.abort();
          assert.equal((await stopped).code, 'ERR_CANCELLED');
          assert.notEqual(await workers.call.where(), before);
          assert.equal(workers.status.replaced, 1);
        }));

    it('is killed and replaced where the source of a stream blocks it', () =>
      withPool({ in: place, size: 1, graceMs: 50 }, async (workers) => {
        const before = await workers.call.where();
        const giving = new AbortController();
        const stopped = (async () => {
          for await (const _ of workers.with({ signal: giving.signal }).call.blocksAfterFirst())
            giving.abort();
        })();
        assert.equal((await rejection(stopped)).code, 'ERR_CANCELLED');
        assert.notEqual(await workers.call.where(), before);
      }));

    it('is recycled after as many calls as it may get', () =>
      withPool({ in: place, size: 1, recycleAfter: { calls: 2 } }, async (workers) => {
        const places: string[] = [];
        for (let i = 0; i < 6; i++) places.push(await workers.call.where());
        assert.equal(new Set(places).size, 3, places.join(' '));
      }));

    it('is recycled when it has too much in memory', () =>
      withPool({ in: place, size: 1, recycleAfter: { memoryBytes: 250_000_000 } }, async (workers) => {
        const before = await workers.call.where();
        assert.equal(await workers.call.where(), before);
        const down = next('down');
        await workers.call.keep(250_000_000);
        assert.equal((await down)['why'], 'recycled');
        assert.notEqual(await workers.call.where(), before);
      }));
  });

describe('a pool', () => {
  it('moves what is to be transferred to a thread', () =>
    withPool({ size: 1 }, async (workers) => {
      const buffer = new ArrayBuffer(1000);
      assert.equal(await workers.with({ transfer: [buffer] }).call.bytesOf(buffer), 1000);
      assert.equal(buffer.byteLength, 0);
    }));

  it('refuses calls above its bound, and tells when there is room', () =>
    withPool({ size: 1, maxWaiting: 2 }, async (workers) => {
      const { letGo, done } = await held(workers);
      const waiting = [workers.call.add(1), workers.call.add(2)];
      assert.equal(workers.full, true);
      const error = await rejection(workers.call.add(3));
      assert.deepEqual([error.code, error.outcome], ['ERR_BUSY', 'not-sent']);
      assert.match(error.message, /maxWaiting 2/);
      assert.equal((await rejection(workers.room({ timeoutMs: 1 }))).code, 'ERR_TIMEOUT');
      const room = workers.room();
      letGo();
      await room;
      assert.equal(workers.full, false);
      assert.deepEqual(await Promise.all(waiting), [1, 2]);
      await done;
    }));

  it('forgets calls that were given up, however many', () =>
    withPool({ size: 1, maxWaiting: 4 }, async (workers) => {
      const { letGo, done } = await held(workers);
      for (let i = 0; i < 100; i++) {
        const giving = new AbortController();
        const waiting = rejection(workers.with({ signal: giving.signal }).call.add(i));
        giving.abort();
        assert.equal((await waiting).code, 'ERR_CANCELLED');
      }
      assert.equal(workers.status.waiting, 0);
      const last = workers.call.add(1, 2);
      letGo();
      assert.equal(await last, 3);
      await done;
    }));

  it('runs several calls in one worker where it may, and the least busy gets the next', () =>
    withPool({ size: 2, callsPerWorker: 2 }, async (workers) => {
      const calls = [];
      for (let i = 0; i < 4; i++) calls.push(await held(workers));
      assert.equal(workers.status.running, 4);
      for (const { letGo } of calls) letGo();
      const places = await Promise.all(calls.map(({ done }) => done));
      assert.equal(new Set(places.slice(0, 2)).size, 2, places.join(' '));
      assert.equal(new Set(places).size, 2);
    }));

  it('lets the neighbours of a call that does not stop finish, and gives its worker no more', () =>
    withPool({ size: 1, callsPerWorker: 2, graceMs: 2000 }, async (workers) => {
      const neighbour = await held(workers);
      const [begun, giving] = [gate(), new AbortController()];
      const stopped = rejection(
        workers.with({ signal: giving.signal }).call.ignore(async () => begun.open()),
      );
      await begun.opened;
      const up = next('up');
      giving.abort();
      await stopped;
      await up;
      neighbour.letGo();
      assert.notEqual(await workers.call.where(), await neighbour.done);
    }));

  it('bounds the whole of a call by its time, and its function learns what is left', () =>
    withPool({ size: 1, timeoutMs: 60_000 }, async (workers) => {
      const { letGo, done } = await held(workers);
      const waiting = workers.call.remaining();
      letGo();
      const remaining = await waiting;
      assert.ok(remaining !== undefined && remaining > 30_000 && remaining <= 60_000, String(remaining));
      await done;
    }));

  it('grows with its work, and shrinks when that is done', () =>
    withPool({ size: { min: 0, max: 2 }, idleMs: 20 }, async (workers) => {
      assert.equal(workers.workers.size, 0);
      const calls = await Promise.all([held(workers), held(workers)]);
      assert.equal(workers.workers.size, 2);
      const down = [next('down')];
      for (const { letGo } of calls) letGo();
      await Promise.all(down);
      await Promise.all(calls.map(({ done }) => done));
      assert.equal(await workers.call.add(1, 2), 3);
    }));

  it('warms each worker up before it gets calls', () =>
    withPool(
      { size: 1, recycleAfter: { calls: 1 }, warmUp: (worker) => worker.call.warm() },
      async (workers) => {
        assert.equal(await workers.call.warmthOf(), 1);
        assert.equal(await workers.call.warmthOf(), 1);
      },
    ));

  it('whose workers cannot be warmed up has not started', async () => {
    const warmUp = (): never => {
      throw new Error('too cold');
    };
    const error = await rejection(pool(pooled, { in: 'thread', size: 2, warmUp }));
    assert.equal(error.code, 'ERR_START_FAILED');
    assert.match(error.message, /too cold/);
  });

  it('rejects what waits where no worker can be started any more', () => {
    let starts = 0;
    const warmUp = (): void => {
      if (++starts > 1) throw new Error('out of order');
    };
    return withPool({ size: 1, warmUp }, async (workers) => {
      const crashed = rejection(workers.call.crash(1));
      const waiting = rejection(workers.call.add(1));
      await crashed;
      const error = await waiting;
      assert.deepEqual([error.code, error.outcome], ['ERR_START_FAILED', 'not-sent']);
    });
  });

  it('replaces all its workers when told so, after what runs', () =>
    withPool({ size: 2 }, async (workers) => {
      const { letGo, done } = await held(workers);
      const recycled = workers.recycle();
      const place = await workers.call.where();
      letGo();
      assert.notEqual(place, await done);
      await recycled;
      assert.equal(await workers.call.add(1), 1);
    }));

  it('replaces a worker that was closed by hand', () =>
    withPool({ size: 1 }, async (workers) => {
      const before = await workers.call.where();
      for (const worker of workers.workers) await worker.close();
      assert.notEqual(await workers.call.where(), before);
    }));

  it('notifies all of its workers', () =>
    withPool({ size: 2 }, async (workers) => {
      await workers.with({ delivery: 'handled' }).notify.warm();
      const warmth = await Promise.all([...workers.workers].map((worker) => worker.call.warmthOf()));
      assert.deepEqual(warmth, [1, 1]);
    }));

  it('tells what it is busy with, and how it has fared', () =>
    withPool({ size: 1 }, async (workers) => {
      await Promise.all([workers.call.add(1), workers.call.add(2)]);
      await rejection(workers.call.fail());
      const { succeeded, failed, running, waiting, wait, run, utilization } = workers.status;
      assert.deepEqual(
        { succeeded, failed, running, waiting },
        { succeeded: 2, failed: 1, running: 0, waiting: 0 },
      );
      assert.ok(run.maxMs >= run.p50Ms && run.p50Ms > 0 && wait.maxMs > 0);
      assert.ok(utilization > 0 && utilization <= 1);
    }));

  it('closes at once where draining takes too long', async () => {
    const workers = await pool<Pooled>(pooled, { in: 'thread', size: 1, graceMs: 20 });
    const { done } = await held(workers);
    await workers.drain({ timeoutMs: 1 });
    assert.equal((await rejection(done)).code, 'ERR_CLOSED');
  });

  for (const [options, said] of [
    [{ size: 0 }, /size is 0/],
    [{ size: { min: 3, max: 2 } }, /above size\.max/],
    [{ size: 1, callsPerWorker: 0.5 }, /callsPerWorker is 0\.5/],
    [{ size: 1, maxWaiting: -1 }, /maxWaiting is -1/],
    [{ size: 1, idleMs: -1 }, /idleMs is -1/],
    [{ size: 1, recycleAfter: { calls: 0 } }, /recycleAfter\.calls is 0/],
    [{ size: 1, in: 'cloud' as 'here' }, /pool knows no place "cloud"/],
  ] as const)
    it(`refuses ${JSON.stringify(options)}`, async () => {
      const error = await rejection(pool(pooled, options));
      assert.equal(error.code, 'ERR_BAD_ARGUMENT');
      assert.match(error.message, said);
    });

  it('takes a module by its URL alone', async () => {
    const error = await rejection(pool('./math.ts'));
    assert.equal(error.code, 'ERR_BAD_ARGUMENT');
    assert.match(error.message, /import\.meta\.url/);
  });
});
