import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import { gate, held, type Pooled, pooled, rejection, withPool } from './fixtures/pools.ts';
import { pool } from './pool.ts';

const dir = mkdtempSync(join(tmpdir(), 'pool-'));
after(() => rmSync(dir, { recursive: true, force: true }));
let files = 0;
const newFile = (): string => join(dir, String(++files));
const runsOf = (file: string): number => statSync(file).size;

for (const place of ['process', 'thread'] as const)
  describe(`a call of a pool in: ${place} whose worker dies in it`, () => {
    it('runs again in another where it is idempotent', () =>
      withPool({ in: place, size: 2 }, async (workers) => {
        const file = newFile();
        assert.equal(await workers.with({ idempotent: true }).call.survive(file, 2), 3);
        assert.equal(runsOf(file), 3);
        const { repeated, succeeded, failed, replaced } = workers.status;
        assert.deepEqual(
          { repeated, succeeded, failed, replaced },
          { repeated: 2, succeeded: 1, failed: 0, replaced: 2 },
        );
      }));

    it('does not take more than three workers with it', () =>
      withPool({ in: place, size: 1 }, async (workers) => {
        const file = newFile();
        const error = await rejection(workers.with({ idempotent: true }).call.survive(file, 9));
        assert.deepEqual([error.code, error.outcome], ['ERR_PEER_GONE', 'unknown']);
        assert.equal(runsOf(file), 3);
        assert.equal(await workers.call.add(1, 2), 3);
      }));
  });

describe('a call whose worker dies in it', () => {
  it('runs again while the pool is drained', async () => {
    const workers = await pool<Pooled>(pooled, { in: 'thread', size: 1 });
    const file = newFile();
    const call = workers.with({ idempotent: true }).call.survive(file, 1);
    await workers.drain();
    assert.equal(await call, 2);
  });

  it('runs again where its function is idempotent by its name', () =>
    withPool({ size: 1, idempotent: ['survive'] }, async (workers) => {
      assert.equal(await workers.call.survive(newFile(), 1), 2);
      const error = await rejection(workers.call.crash(1));
      assert.deepEqual([error.code, error.outcome], ['ERR_PEER_GONE', 'unknown']);
    }));

  it('runs again before those that waited all the time', () =>
    withPool({ size: 1 }, async (workers) => {
      const file = newFile();
      const order: string[] = [];
      const first = workers.with({ idempotent: true }).call.survive(file, 1);
      const second = workers.call.add(1);
      await Promise.all([first.then(() => order.push('first')), second.then(() => order.push('second'))]);
      assert.deepEqual(order, ['first', 'second']);
    }));

  it('runs once where its arguments are no longer what they were', () =>
    withPool({ size: 1 }, async (workers) => {
      const idempotent = workers.with({ idempotent: true });
      const moved = new ArrayBuffer(8);
      const stream = (async function* () {
        yield 1;
      })();
      for (const [caller, more] of [
        [idempotent, () => {}],
        [idempotent, { deep: [{ stream }] }],
        [idempotent.with({ transfer: [moved] }), moved],
      ] as const) {
        const file = newFile();
        const error = await rejection(caller.call.survive(file, 9, more));
        assert.deepEqual([error.code, error.outcome], ['ERR_PEER_GONE', 'unknown']);
        assert.equal(runsOf(file), 1);
      }
    }));

  it('is unknown, not unsent, where it is given up before it runs again', async () => {
    let starts = 0;
    const warmUp = (): void => {
      if (++starts > 1) throw new Error('out of order');
    };
    await withPool({ size: 1, warmUp }, async (workers) => {
      const file = newFile();
      const error = await rejection(workers.with({ idempotent: true }).call.survive(file, 9));
      assert.deepEqual([error.code, error.outcome], ['ERR_START_FAILED', 'unknown']);
      assert.equal(runsOf(file), 1);
    });
  });

  it('has no more time than it was given at first', () =>
    withPool({ size: 1 }, async (workers) => {
      const warm = gate();
      const { letGo, done } = await held(workers);
      const call = workers.with({ timeoutMs: 60_000, idempotent: true }).call.remaining();
      warm.open();
      letGo();
      await done;
      const left = await call;
      assert.ok(left !== undefined && left <= 60_000);
    }));
});
