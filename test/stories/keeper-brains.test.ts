/** One brain follows another, and only the last one is heard. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { KindredError } from '../../src/base/errors.ts';
import { isAlive } from '../../src/process/process-identity.ts';
import { until } from './fixtures/deadline.ts';
import { ended, keeping, onPosix } from './fixtures/keeping.ts';
import { fixture } from './fixtures/programs.ts';

describe('a brain that is replaced', onPosix, () => {
  it('is fenced off and ends, and no service notices', () =>
    keeping(async ({ start, next, ask, spec, options }) => {
      await start();
      const before = await next('brain');
      const { identity } = await ask((keeper) => keeper.start(spec('a.1#1', 'exec sleep 600')));
      void ask((keeper) => keeper.replaceBrain()).catch(() => {});
      const young = await next('brain');
      assert.equal(young.news['epoch'], 2);
      await ended(before.pid);
      await until('the new one serves', () => ask(async (keeper) => (await keeper.pid()) === young.pid));
      const { notes, processes } = await ask((keeper) => keeper.table());
      assert.deepEqual(notes, {});
      assert.equal(processes[0]?.identity.pid, identity.pid);
      assert.ok(isAlive(identity));
      assert.ok(options.name);
    }));

  it('by one that fails again and again is back', () =>
    keeping(async ({ start, next, ask }) => {
      await start();
      await next('brain');
      await ask((keeper) => keeper.replaceBrain({ module: fixture('kept-brain-fickle.ts') })).catch(() => {});
      let back = await next('brain');
      while (back.news['fickle'] === true) back = await next('brain');
      await until('it serves', () => ask(async (keeper) => (await keeper.pid()) === back.pid));
      const { restarts } = await ask((keeper) => keeper.table());
      assert.ok(restarts.brain >= 4, `${restarts.brain} have ended`);
    }));

  it('because it does not answer any more is ended first', () =>
    keeping(async ({ start, next }) => {
      await start({ brainTimeoutMs: 1000 });
      const before = await next('brain');
      process.kill(before.pid, 'SIGSTOP');
      const { news } = await next('brain');
      assert.equal(isAlive({ pid: before.pid }), false);
      assert.equal(news['epoch'], 2);
    }));

  it('stays where the one that should follow does not become ready', () =>
    keeping(async ({ start, next, ask }) => {
      await start();
      const before = await next('brain');
      await assert.rejects(
        ask((keeper) => keeper.replaceBrain({ module: fixture('kept-brain-broken.ts') })),
        (error: KindredError) => (error.cause as KindredError).code === 'ERR_START_FAILED',
      );
      assert.equal(await ask((keeper) => keeper.pid()), before.pid);
    }));
});
