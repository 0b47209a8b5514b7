import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { threadId } from 'node:worker_threads';
import type { KindredError } from '../base/errors.ts';
import { host } from './host.ts';

const module = new URL('./fixtures/hosted.ts', import.meta.url);
const broken = new URL('./fixtures/broken.ts', import.meta.url);
type Hosted = typeof import('./fixtures/hosted.ts');
const rejection = async (work: Promise<unknown>): Promise<KindredError> =>
  work.then(
    () => assert.fail('should have failed'),
    (error) => error as KindredError,
  );

for (const place of ['process', 'thread', 'here'] as const)
  describe(`a module hosted in: ${place}`, () => {
    it('is called as if it were imported, and is where it was asked to be', async () => {
      const maths = await host<Hosted>(module, { in: place });
      assert.equal(await maths.call.add(1, 2), 3);
      const where = await maths.call.where();
      assert.equal(where.pid !== process.pid, place === 'process');
      assert.equal(where.threadId !== threadId, place === 'thread');
      assert.equal(maths.pid, place === 'process' ? where.pid : undefined);
      const items: number[] = [];
      for await (const n of maths.call.countdown(3)) items.push(n);
      assert.deepEqual(items, [3, 2, 1]);
      await maths.close();
      assert.deepEqual((await maths.exited).signal, null);
    });

    it('throws its errors with their stack to its kin', async () => {
      const maths = await host<Hosted>(module, { in: place });
      const error = await rejection(maths.call.fail());
      assert.ok(error.cause instanceof RangeError);
      assert.match(error.cause.stack ?? '', /hosted\.ts/);
      await maths.close();
    });

    it('calls back what it was given to call', async () => {
      const maths = await host<Hosted>(module, { in: place, serve: { name: () => 'the host' } });
      assert.equal(await maths.call.askBack(), 'the host');
      await maths.close();
    });

    it('learns how long its caller still waits', async () => {
      const maths = await host<Hosted>(module, { in: place });
      const remaining = await maths.with({ timeoutMs: 60_000 }).call.remaining();
      assert.ok(remaining !== undefined && remaining > 30_000 && remaining <= 60_000, String(remaining));
      assert.equal(await maths.call.remaining(), undefined);
      await maths.close();
    });

    it('is called within the time that is given for all calls', async () => {
      const maths = await host<Hosted>(module, { in: place, timeoutMs: 60_000 });
      const remaining = await maths.call.remaining();
      assert.ok(remaining !== undefined && remaining > 30_000 && remaining <= 60_000, String(remaining));
      await maths.close();
    });

    it('that cannot be loaded says why', async () => {
      const error = await rejection(host(broken, { in: place }));
      assert.equal(error.code, 'ERR_START_FAILED');
      assert.match(error.message, /broken\.ts/);
      assert.match(error.message, /cannot be loaded/);
      assert.equal(error.outcome, 'not-sent');
    });

    it('leaves no call unsettled when it is closed', async () => {
      const maths = await host<Hosted>(module, { in: place });
      const hanging = rejection(maths.call.hang());
      await maths.call.add(1);
      await maths.close();
      const error = await hanging;
      assert.equal(error.code, 'ERR_CLOSED');
      assert.equal(error.outcome, 'unknown');
    });
  });

for (const place of ['process', 'thread'] as const)
  it(`a ${place} that ends in a call rejects it as unknown, and what comes after as not sent`, async () => {
    const maths = await host<Hosted>(module, { in: place });
    const error = await rejection(maths.call.crash(7));
    assert.equal(error.code, 'ERR_PEER_GONE');
    assert.equal(error.outcome, 'unknown');
    assert.equal((await maths.exited).exitCode, 7);
    const later = await rejection(maths.call.add(1));
    assert.equal(later.outcome, 'not-sent');
    await maths.close();
  });

it('a module must be given by its URL', async () => {
  const error = await rejection(host('./math.ts'));
  assert.equal(error.code, 'ERR_BAD_ARGUMENT');
  assert.match(error.message, /import\.meta\.url/);
});

it('a child may take longer to start than strangers may take for their hand-shake', async () => {
  const wait = 'Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 5500)';
  const maths = await host<Hosted>(module, {
    execArgv: [...process.execArgv, '--import', `data:text/javascript,${encodeURIComponent(wait)}`],
  });
  assert.equal(await maths.call.add(1, 2), 3);
  await maths.close();
});
