import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { KindredError } from '../base/errors.ts';
import type { MiddlewareCall } from '../rpc/peer.ts';
import { connect } from './connect.ts';
import { gate, held, next, rejection, withPool } from './fixtures/pools.ts';
import { serve } from './serve.ts';

describe('a call that waits for a worker', () => {
  it('ends with the call from inside of which it was made', () =>
    withPool({ size: 1 }, async (workers) => {
      const { letGo, done } = await held(workers);
      const waits = gate();
      const failed = Promise.withResolvers<unknown>();
      const server = await serve('memory:pool-front', {
        pass: async () => {
          const inner = workers.call.add(1);
          inner.catch(failed.resolve);
          waits.open();
          await inner;
        },
      });
      const peer = await connect('memory:pool-front');
      const giving = new AbortController();
      const outer = rejection(peer.with({ signal: giving.signal }).call.pass());
      await waits.opened;
      assert.equal(workers.status.waiting, 1);
      giving.abort();
      const { code, outcome } = (await failed.promise) as { code: string; outcome: string };
      assert.deepEqual([code, outcome], ['ERR_CANCELLED', 'not-sent']);
      assert.equal(workers.status.waiting, 0);
      await outer;
      letGo();
      await done;
      await peer.close();
      await server.close();
    }));

  it('has the time of the call from inside of which it was made', () =>
    withPool({ size: 1 }, async (workers) => {
      const { letGo, done } = await held(workers);
      const inner: Promise<KindredError>[] = [];
      const server = await serve('memory:pool-late', {
        // Which of the two hears first that the time is over is open: this one answers only the test.
        pass() {
          inner.push(rejection(workers.call.add(1)));
          return new Promise<never>(() => {});
        },
      });
      const peer = await connect('memory:pool-late');
      await rejection(peer.with({ timeoutMs: 500 }).call.pass());
      assert.equal((await inner[0])?.outcome, 'not-sent');
      assert.equal(workers.status.waiting, 0);
      letGo();
      await done;
      await peer.close();
      await server.close();
    }));

  it('is given up with all others that wait, while those that run go on', () =>
    withPool({ size: 1 }, async (workers) => {
      const { letGo, done } = await held(workers);
      const waiting = [1, 2, 3].map((n) => rejection(workers.call.add(n)));
      workers.cancelWaiting();
      for (const { code, outcome } of await Promise.all(waiting))
        assert.deepEqual([code, outcome], ['ERR_CANCELLED', 'not-sent']);
      const later = workers.call.add(1, 2);
      letGo();
      await done;
      assert.equal(await later, 3);
    }));

  it('goes to another worker where the one that it was given to dies before it was sent', () =>
    withPool({ in: 'process', size: 1, callsPerWorker: 8, graceMs: 1000 }, async (workers) => {
      const [worker] = workers.workers;
      const begun = gate();
      const blocked = rejection(workers.call.block(async () => begun.open()));
      await begun.opened;
      // More than a socket takes: what comes after it waits at this end.
      const large = rejection(workers.call.sizeOf(new Uint8Array(8_000_000)));
      const behind = workers.call.add(1, 2);
      assert.deepEqual([workers.status.running, workers.status.waiting], [3, 0]);
      const down = next('down');
      process.kill(worker?.pid as number, 'SIGKILL');
      assert.equal((await blocked).outcome, 'unknown');
      assert.equal((await large).outcome, 'unknown');
      assert.equal(await behind, 3);
      assert.equal((await down)['why'], 'died');
      assert.equal(workers.status.repeated, 0);
    }));
});

describe('a call that runs in a worker', () => {
  it('may be bound apart from the time for which it waits', () =>
    withPool({ size: 1, runTimeoutMs: 50, graceMs: 50 }, async (workers) => {
      const before = await workers.call.where();
      const late = rejection(workers.call.ignore(async () => {}));
      const others = Promise.all([1, 2, 3].map((n) => workers.call.add(n)));
      const error = await late;
      assert.deepEqual([error.code, error.outcome], ['ERR_TIMEOUT', 'unknown']);
      assert.deepEqual(await others, [1, 2, 3]);
      assert.notEqual(await workers.call.where(), before);
    }));

  it('learns the shorter of its own time and that of any run', () =>
    withPool({ size: 1, runTimeoutMs: 30_000 }, async (workers) => {
      const [own = 0] = [await workers.with({ timeoutMs: 10_000 }).call.remaining()];
      const [any = 0] = [await workers.with({ timeoutMs: 90_000 }).call.remaining()];
      assert.ok(own > 0 && own <= 10_000 && any > 10_000 && any <= 30_000, `${own}, ${any}`);
    }));
});

describe('the middleware of a pool', () => {
  it('stands around each call and notification, and sees the pool as its peer', async () => {
    const seen: MiddlewareCall[] = [];
    const middleware = [
      (through: (call: MiddlewareCall) => Promise<unknown>) => (call: MiddlewareCall) => {
        seen.push(call);
        return through({ ...call, args: [...call.args, 40] });
      },
    ];
    await withPool({ size: 1, middleware }, async (workers) => {
      assert.equal(await workers.call.add(1, 1), 42);
      await workers.notify.warm();
      assert.deepEqual(
        seen.map(({ kind, method, direction }) => [kind, method, direction]),
        [
          ['call', 'add', 'out'],
          ['notification', 'warm', 'out'],
        ],
      );
      assert.equal(seen[0]?.peer, workers);
      assert.match(seen[0]?.peer.address ?? '', /pool of pooled\.ts/);
    });
  });

  it('is refused where it is none', async () => {
    const error = await rejection(withPool({ middleware: [1 as never] }, async () => {}));
    assert.equal(error.code, 'ERR_BAD_ARGUMENT');
  });
});
