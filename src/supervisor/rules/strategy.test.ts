import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { RestartPolicy, Strategy } from '../stack/stack.ts';
import { StagedTree } from './fixtures/staged-tree.ts';
import { howEnded, onExit } from './strategy.ts';

const policies: RestartPolicy[] = ['permanent', 'transient', 'temporary'];
const ends = ['normal', 'shutdown', 'abnormal'] as const;
const strategies: Strategy[] = ['one-for-one', 'one-for-all', 'rest-for-one'];

describe('what a policy, an end and a strategy make of it', () => {
  for (const strategy of strategies)
    for (const policy of policies)
      for (const how of ends) {
        const isRestarted = policy === 'permanent' || (policy === 'transient' && how === 'abnormal');
        const siblings = { 'one-for-one': [], 'one-for-all': ['a.1', 'c.1'], 'rest-for-one': ['c.1'] }[
          strategy
        ];
        it(`${strategy}, ${policy}, ${how}: ${isRestarted ? `restarted with ${siblings.join(' and ') || 'none'}` : 'let go, and nobody else is touched'}`, () => {
          const stage = new StagedTree({
            groups: { g: { members: ['a', 'b', 'c'], strategy } },
            services: { a: {}, b: { policy }, c: {}, alone: {} },
          });
          const { stop, start, ended, failed } = stage.exit('b.1', how);
          assert.deepEqual(stop, isRestarted ? [...siblings].reverse() : []);
          assert.deepEqual(start, isRestarted ? [...siblings, 'b.1'].sort() : []);
          assert.deepEqual(ended, isRestarted ? [] : ['b.1']);
          assert.deepEqual(failed, []);
        });
      }
});

describe('siblings', () => {
  it('that are temporary go down with a group that is restarted, and stay down', () => {
    const stage = new StagedTree({
      groups: { g: { members: ['a', 'b'], strategy: 'one-for-all' } },
      services: { a: {}, b: { policy: 'temporary' } },
    });
    const { stop, start, ended } = stage.exit('a.1', 'abnormal');
    assert.deepEqual({ stop, start, ended }, { stop: ['b.1'], start: ['a.1'], ended: ['b.1'] });
  });

  it('that are transient and have run through run again when their group is restarted', () => {
    const stage = new StagedTree({
      groups: { g: { members: ['migrate', 'web'], strategy: 'one-for-all' } },
      services: { migrate: { policy: 'transient' }, web: {} },
    });
    stage.exit('migrate.1', 'normal');
    const { stop, start } = stage.exit('web.1', 'abnormal');
    assert.deepEqual({ stop, start }, { stop: [], start: ['migrate.1', 'web.1'] });
  });

  it('that somebody has stopped stay stopped, and may be started again', () => {
    const stage = new StagedTree({
      groups: { g: { members: ['a', 'b'], strategy: 'one-for-all' } },
      services: { a: {}, b: {} },
    });
    stage.stop('b.1');
    assert.deepEqual(stage.exit('a.1', 'abnormal').start, ['a.1']);
    stage.start('b.1');
    assert.deepEqual(stage.exit('a.1', 'abnormal').start, ['a.1', 'b.1']);
  });

  it('are all instances of a service, in order', () => {
    const stage = new StagedTree({
      groups: { g: { members: ['a', 'b'], strategy: 'rest-for-one' } },
      services: { a: { instances: 3 }, b: {} },
    });
    const { stop, start } = stage.exit('a.2', 'abnormal');
    assert.deepEqual(start, ['a.2', 'a.3', 'b.1']);
    assert.deepEqual(stop, ['b.1', 'a.3']);
  });

  it('that fail while the group is being restarted count, and restart it anew', () => {
    const stage = new StagedTree({
      groups: {
        g: { members: ['a', 'b', 'c'], strategy: 'one-for-all', intensity: { restarts: 2, withinMs: 1000 } },
      },
      services: { a: {}, b: {}, c: {} },
    });
    const first = stage.exit('c.1', 'abnormal', { carryOut: false });
    assert.deepEqual(first.stop, ['b.1', 'a.1']);
    // Asked to stop: their ends do not count.
    assert.deepEqual(stage.exit('b.1', 'shutdown').steps, []);
    assert.deepEqual(stage.exit('a.1', 'abnormal').steps, []);
    stage.started('a.1');
    const second = stage.exit('a.1', 'abnormal', { carryOut: false });
    assert.deepEqual(second.start, ['a.1', 'b.1', 'c.1']);
    assert.equal(second.steps[0]?.restarts, 2);
    stage.started('a.1');
    assert.deepEqual(stage.exit('a.1', 'abnormal').failed, ['g']);
  });

  it('are left alone by the end of one that was to be stopped in the midst of a restart loop', () => {
    const stage = new StagedTree({ services: { a: {} } });
    stage.exit('a.1', 'abnormal', { carryOut: false });
    stage.stop('a.1');
    assert.equal(stage.phase('a.1'), 'stopped');
    assert.deepEqual(stage.exit('a.1', 'abnormal').start, []);
  });
});

describe('intensity', () => {
  const intensity = { restarts: 2, withinMs: 1000 };

  it('is passed by one restart more within its time, not by one that comes later', () => {
    const stage = new StagedTree({ groups: { g: { members: ['a'], intensity } }, services: { a: {} } });
    assert.deepEqual(stage.exit('a.1', 'abnormal', { at: 0 }).failed, []);
    assert.deepEqual(stage.exit('a.1', 'abnormal', { at: 500 }).failed, []);
    assert.deepEqual(stage.exit('a.1', 'abnormal', { at: 1001 }).failed, []);
    assert.deepEqual(stage.exit('a.1', 'abnormal', { at: 1499 }).failed, ['g']);
  });

  it('counts all members of a group together', () => {
    const stage = new StagedTree({
      groups: { g: { members: ['a', 'b'], intensity } },
      services: { a: {}, b: {} },
    });
    stage.exit('a.1', 'abnormal');
    stage.exit('b.1', 'abnormal');
    const { failed, stop } = stage.exit('a.1', 'abnormal');
    assert.deepEqual(failed, ['g']);
    assert.deepEqual(stop, ['b.1']);
    assert.deepEqual([stage.phase('a.1'), stage.phase('b.1')], ['failed', 'failed']);
  });

  it('counts each instance for itself where a service stands in no group, so that healthy ones go on', () => {
    const stage = new StagedTree({ services: { a: { instances: 8, intensity } } });
    for (let instance = 1; instance <= 8; instance++)
      assert.deepEqual(stage.exit(`a.${instance}`, 'abnormal').start, [`a.${instance}`]);
    stage.exit('a.3', 'abnormal');
    const { failed, stop } = stage.exit('a.3', 'abnormal');
    assert.deepEqual({ failed, stop }, { failed: ['a.3'], stop: [] });
    assert.equal(stage.phase('a.4'), 'running');
  });

  it('of 0 lets nothing be restarted', () => {
    const stage = new StagedTree({ services: { a: { intensity: { restarts: 0, withinMs: 1000 } } } });
    assert.deepEqual(stage.exit('a.1', 'abnormal').failed, ['a.1']);
  });

  it('does not count restarts that a clock which has jumped puts into the future', () => {
    const stage = new StagedTree({ services: { a: { intensity } } });
    stage.exit('a.1', 'abnormal', { at: 1_000_000 });
    stage.exit('a.1', 'abnormal', { at: 1_000_000 });
    assert.deepEqual(stage.exit('a.1', 'abnormal', { at: 0 }).failed, []);
  });

  it('starts anew when somebody starts what has failed', () => {
    const stage = new StagedTree({ services: { a: { intensity } } });
    for (let time = 0; time < 3; time++) stage.exit('a.1', 'abnormal');
    assert.equal(stage.phase('a.1'), 'failed');
    stage.start('a.1');
    assert.deepEqual(stage.exit('a.1', 'abnormal').failed, []);
    assert.deepEqual(stage.exit('a.1', 'abnormal').failed, []);
    assert.deepEqual(stage.exit('a.1', 'abnormal').failed, ['a.1']);
  });
});

describe('escalation', () => {
  const once = { restarts: 1, withinMs: 1000 };

  it('restarts the group that has failed by the one above, with nothing counted against it', () => {
    const stage = new StagedTree({
      groups: { above: { members: ['a', 'below'] }, below: { members: ['b', 'c'], intensity: once } },
      services: { a: {}, b: {}, c: {} },
    });
    stage.exit('b.1', 'abnormal');
    const { stop, start, failed, steps } = stage.exit('b.1', 'abnormal');
    assert.deepEqual({ stop, start, failed }, { stop: ['c.1'], start: ['b.1', 'c.1'], failed: [] });
    assert.deepEqual(
      steps.map(({ group, did, about }) => [group, did, about]),
      [
        ['below', 'fail', 'b.1'],
        ['above', 'restart', 'below'],
      ],
    );
    assert.deepEqual(stage.exit('b.1', 'abnormal').start, ['b.1']);
  });

  for (const [strategy, stop, start] of [
    ['one-for-all', ['d.1', 'c.1', 'a.1'], ['a.1', 'b.1', 'c.1', 'd.1']],
    ['rest-for-one', ['d.1', 'c.1'], ['b.1', 'c.1', 'd.1']],
  ] as const)
    it(`restarts the siblings of the failed group by ${strategy} of the one above`, () => {
      const stage = new StagedTree({
        groups: {
          above: { members: ['a', 'below', 'd'], strategy },
          below: { members: ['b', 'c'], intensity: once },
        },
        services: { a: {}, b: {}, c: {}, d: {} },
      });
      stage.exit('b.1', 'abnormal');
      const decision = stage.exit('b.1', 'abnormal');
      assert.deepEqual([decision.stop, decision.start], [stop, start]);
    });

  it('goes up as long as each group has restarted too often, and ends at the top: the rest goes on', () => {
    const stage = new StagedTree({
      groups: {
        top: { members: ['a', 'middle'], intensity: { restarts: 0, withinMs: 1000 } },
        middle: { members: ['b', 'low'], intensity: { restarts: 0, withinMs: 1000 } },
        low: { members: ['c'], intensity: { restarts: 0, withinMs: 1000 } },
      },
      services: { a: {}, b: {}, c: {}, alone: {} },
    });
    const { failed, stop, start, steps } = stage.exit('c.1', 'abnormal');
    assert.deepEqual({ failed, stop, start }, { failed: ['top'], stop: ['b.1', 'a.1'], start: [] });
    assert.deepEqual(
      steps.map(({ group, did }) => [group, did]),
      [
        ['low', 'fail'],
        ['middle', 'fail'],
        ['top', 'fail'],
      ],
    );
    assert.deepEqual(
      ['a.1', 'b.1', 'c.1', 'alone.1'].map((child) => stage.phase(child)),
      ['failed', 'failed', 'failed', 'running'],
    );
  });

  it('of a temporary group leaves it failed, and all others alone', () => {
    const stage = new StagedTree({
      groups: {
        above: { members: ['a', 'below'] },
        below: { members: ['b'], intensity: { restarts: 0, withinMs: 1 }, restart: 'temporary' },
      },
      services: { a: {}, b: {} },
    });
    const { failed, stop, start } = stage.exit('b.1', 'abnormal');
    assert.deepEqual({ failed, stop, start }, { failed: ['below'], stop: [], start: [] });
  });

  it('of a transient group restarts it: to fail is an abnormal end', () => {
    const stage = new StagedTree({
      groups: {
        above: { members: ['below'] },
        below: { members: ['b'], intensity: { restarts: 0, withinMs: 1 }, restart: 'transient' },
      },
      services: { b: {} },
    });
    assert.deepEqual(stage.exit('b.1', 'abnormal').start, ['b.1']);
  });

  it('brings ended and temporary members of the failed group back: it is a new one', () => {
    const stage = new StagedTree({
      groups: {
        above: { members: ['below'] },
        below: { members: ['a', 'b', 'c'], intensity: { restarts: 0, withinMs: 1 } },
      },
      services: { a: { policy: 'temporary' }, b: { policy: 'transient' }, c: {} },
    });
    stage.exit('a.1', 'abnormal');
    stage.exit('b.1', 'normal');
    assert.deepEqual(stage.exit('c.1', 'abnormal').start, ['a.1', 'b.1', 'c.1']);
  });
});

describe('significant members', () => {
  const significant = { policy: 'transient', significant: true } as const;
  const inside = { members: ['a', 'b', 'c'] };

  for (const policy of ['transient', 'temporary'] as const)
    for (const how of ends) {
      const endsByItself = policy === 'temporary' || how !== 'abnormal';
      it(`end an any-significant group with them: ${policy}, ${how}: ${endsByItself ? 'yes' : 'no, it is restarted'}`, () => {
        const stage = new StagedTree({
          groups: { g: { ...inside, autoShutdown: 'any-significant' } },
          services: { a: {}, b: { policy, significant: true }, c: significant },
        });
        const { stop, start, ended } = stage.exit('b.1', how);
        if (endsByItself) assert.deepEqual([stop, start, ended], [['c.1', 'a.1'], [], ['b.1', 'g']]);
        else assert.deepEqual([stop, start, ended], [[], ['b.1'], []]);
      });
    }

  it('end an all-significant group when the last of them has ended', () => {
    const stage = new StagedTree({
      groups: { g: { ...inside, autoShutdown: 'all-significant' } },
      services: { a: {}, b: significant, c: significant },
    });
    assert.deepEqual(stage.exit('b.1', 'normal').ended, ['b.1']);
    const { stop, ended } = stage.exit('c.1', 'normal');
    assert.deepEqual({ stop, ended }, { stop: ['a.1'], ended: ['c.1', 'g'] });
  });

  it('do not wait for significant ones that somebody has stopped', () => {
    const stage = new StagedTree({
      groups: { g: { ...inside, autoShutdown: 'all-significant' } },
      services: { a: {}, b: significant, c: significant },
    });
    stage.stop('b.1');
    assert.deepEqual(stage.exit('c.1', 'normal').ended, ['c.1', 'g']);
  });

  it('end nothing where the group does not ask for it, and others end nothing where it does', () => {
    const never = new StagedTree({ groups: { g: inside }, services: { a: {}, b: significant, c: {} } });
    assert.deepEqual(never.exit('b.1', 'normal').stop, []);
    const other = new StagedTree({
      groups: { g: { ...inside, autoShutdown: 'any-significant' } },
      services: { a: { policy: 'transient' }, b: significant, c: {} },
    });
    assert.deepEqual(other.exit('a.1', 'normal').stop, []);
  });

  for (const [restart, start] of [
    ['permanent', ['a.1', 'b.1', 'c.1']],
    ['transient', []],
    ['temporary', []],
  ] as const)
    it(`end their group by itself, which counts as asked: a ${restart} one is ${start.length > 0 ? '' : 'not '}restarted by the group above`, () => {
      const stage = new StagedTree({
        groups: { above: { members: ['g'] }, g: { ...inside, restart, autoShutdown: 'any-significant' } },
        services: { a: {}, b: significant, c: {} },
      });
      const decision = stage.exit('b.1', 'normal');
      assert.deepEqual([decision.stop, decision.start], [['c.1', 'a.1'], start]);
    });

  it('go up: a group that is significant itself ends the one above with it', () => {
    const stage = new StagedTree({
      groups: {
        above: { members: ['x', 'g'], autoShutdown: 'any-significant' },
        g: { ...inside, restart: 'temporary', significant: true, autoShutdown: 'any-significant' },
      },
      services: { x: {}, a: {}, b: significant, c: {} },
    });
    const { stop, ended } = stage.exit('b.1', 'normal');
    assert.deepEqual({ stop, ended }, { stop: ['c.1', 'a.1', 'x.1'], ended: ['b.1', 'g', 'above'] });
  });

  it('end their group also where the significant one is a group that has failed', () => {
    const stage = new StagedTree({
      groups: {
        above: { members: ['x', 'g'], autoShutdown: 'all-significant' },
        g: {
          members: ['a'],
          restart: 'temporary',
          significant: true,
          intensity: { restarts: 0, withinMs: 1 },
        },
      },
      services: { x: {}, a: {} },
    });
    const { stop, failed, ended } = stage.exit('a.1', 'abnormal');
    assert.deepEqual({ stop, failed, ended }, { stop: ['x.1'], failed: ['g'], ended: ['above'] });
  });
});

it('the end of a child that is in no tree, or has not been started, decides nothing', () => {
  const stage = new StagedTree({ services: { a: {} } });
  for (const [state, child] of [
    [stage.state, 'b.1'],
    [{ phases: {}, groups: {} }, 'a.1'],
  ] as const) {
    const { decision, state: after } = onExit(stage.tree, state, child, 'abnormal', 0);
    assert.deepEqual([decision.start, decision.stop, after], [[], [], state]);
  }
});

it('exit code 0 is a normal end, a signal that asks is a shutdown, all else is abnormal', () => {
  const how = (exitCode: number | null, signal: NodeJS.Signals | null): string =>
    howEnded({ exitCode, signal });
  assert.deepEqual(
    [
      how(0, null),
      how(1, null),
      how(null, 'SIGTERM'),
      how(null, 'SIGINT'),
      how(null, 'SIGKILL'),
      how(null, 'SIGSEGV'),
    ],
    ['normal', 'abnormal', 'shutdown', 'shutdown', 'abnormal', 'abnormal'],
  );
});
