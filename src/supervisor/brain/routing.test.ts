import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { roundRobin } from '../../handles/rules.ts';
import { createTestClock } from '../../testkit/clock.ts';
import type { Stack } from '../stack/stack.ts';
import { checked, collect, stageStack } from './fixtures/staged-stack.ts';

/** Any file that is there. */
const fork = import.meta.filename;

const stack = (more: Partial<Stack['services'][string]> = {}): Stack => ({
  listeners: { web: 'unix:web' },
  services: {
    web: { fork, instances: 2, ready: 'call', reload: { healthyMs: 0 }, ...more },
  },
  routes: { web: { to: 'web' } },
});

describe('a route', () => {
  it('leads to an instance as long as it serves: from when it is ready to before it is told to end', async () => {
    const { keeper, control, ...staged } = await stageStack(createTestClock(), stack());
    const told = (): string[] => keeper.told.splice(0);
    assert.deepEqual(told(), ['listen web', 'route web to ', 'start web.1#1', 'start web.2#1']);
    await staged.ready('web.2#1');
    await staged.ready('web.1#1');
    assert.deepEqual(told(), ['route web to web.2#1', 'route web to web.1#1, web.2#1']);
    void collect(control.stop(['web']));
    await staged.settle();
    assert.deepEqual(told(), ['route web to ', 'SIGTERM web.1#1', 'SIGTERM web.2#1']);
  });

  it('leads away at once from an instance that has died', async () => {
    const { keeper, ...staged } = await stageStack(createTestClock(), stack());
    for (const id of ['web.1#1', 'web.2#1']) await staged.ready(id);
    keeper.told.length = 0;
    keeper.exit('web.1#1');
    await staged.settle();
    assert.equal(keeper.told[0], 'route web to web.2#1');
  });

  it('leads to the new process of an instance before the old one leaves', async () => {
    const { keeper, control, clock, ...staged } = await stageStack(
      createTestClock(),
      stack({ instances: 1, reload: { healthyMs: 100 } }),
    );
    await staged.ready('web.1#1');
    keeper.told.length = 0;
    void collect(control.reload(['web']));
    await staged.settle();
    await staged.ready('web.1#2');
    await clock.advance(100);
    assert.deepEqual(keeper.told, [
      'start web.1#2',
      'route web to web.1#2, web.1#1',
      'route web to web.1#2',
      'SIGTERM web.1#1',
    ]);
  });

  it('leads to what is in good health, and to all where nothing is', async () => {
    const { keeper, health, ...staged } = await stageStack(
      createTestClock(),
      stack({ health: { tcp: 1, failures: 9 } }),
    );
    for (const id of ['web.1#1', 'web.2#1']) await staged.ready(id);
    keeper.told.length = 0;
    for (const { tell } of health) {
      tell({ ok: false, text: 'no answer', failures: 1, isOver: false, tookMs: 1 });
      await staged.settle();
    }
    assert.deepEqual(keeper.told, ['route web to web.2#1', 'route web to web.1#1, web.2#1']);
  });

  it('is as it was with another brain', async () => {
    const staged = await stageStack(createTestClock(), stack());
    for (const id of ['web.1#1', 'web.2#1']) await staged.ready(id);
    const before = staged.keeper.routes.get('web');
    await staged.nextBrain();
    assert.deepEqual(staged.keeper.routes.get('web'), before);
  });

  it('ends with the config that names it', async () => {
    const staged = await stageStack(createTestClock(), stack());
    const { routes: _routes, ...without } = stack();
    staged.config = () =>
      checked({ ...without, services: { web: { fork, ready: 'call', listen: ['web'] } } });
    void collect(staged.control.apply());
    await staged.settle();
    assert.equal(staged.keeper.routes.size, 0);
  });

  it('is refused a rule that no router could read', async () => {
    const routes = { web: { to: 'web', pick: roundRobin() } };
    await assert.rejects(stageStack(createTestClock(), { ...stack(), routes }), {
      code: 'ERR_NOT_SUPPORTED',
      message: /^routes.web.pick is a function of this process/,
    });
  });
});
