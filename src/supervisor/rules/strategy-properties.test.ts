import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import type { RestartPolicy, Strategy } from '../stack/stack.ts';
import { StagedTree, type StagedTreeOptions } from './fixtures/staged-tree.ts';
import { endOfGroup, type HowEnded, onExit } from './strategy.ts';
import { childrenBelow } from './tree.ts';

const policy = fc.constantFrom<RestartPolicy>('permanent', 'transient', 'temporary');
const intensity = fc.record({ restarts: fc.integer({ min: 0, max: 3 }), withinMs: fc.constantFrom(1, 1000) });
const how = fc.constantFrom<HowEnded>('normal', 'shutdown', 'abnormal');

/** Up to six groups, each below any one before it or at the top, and up to ten services in any of them or in none. */
const trees: fc.Arbitrary<StagedTreeOptions> = fc
  .record({
    groups: fc.array(
      fc.record({
        parent: fc.nat(6),
        strategy: fc.constantFrom<Strategy>('one-for-one', 'one-for-all', 'rest-for-one'),
        intensity,
        restart: policy,
        significant: fc.boolean(),
        autoShutdown: fc.constantFrom(
          'never' as const,
          'any-significant' as const,
          'all-significant' as const,
        ),
      }),
      { maxLength: 6 },
    ),
    services: fc.array(
      fc.record({
        parent: fc.nat(7),
        instances: fc.integer({ min: 1, max: 3 }),
        policy,
        significant: fc.boolean(),
        intensity,
      }),
      { minLength: 1, maxLength: 10 },
    ),
  })
  .map(({ groups, services }) => {
    const members: string[][] = groups.map(() => []);
    for (const [index, { parent }] of groups.entries())
      if (parent < index) members[parent]?.push(`g${index}`);
    for (const [index, { parent }] of services.entries()) members[parent]?.push(`s${index}`);
    return {
      groups: Object.fromEntries(
        groups.map(({ parent: _parent, ...group }, index) => [
          `g${index}`,
          { ...group, members: members[index] ?? [] },
        ]),
      ),
      services: Object.fromEntries(
        services.map(({ parent: _parent, ...service }, index) => [`s${index}`, service]),
      ),
    };
  });

/** What happens: which of the running children ends, how, and how much later. */
const falls = fc.array(
  fc.record({ which: fc.nat(), how, laterMs: fc.constantFrom(0, 1, 600), isStopped: fc.boolean() }),
  { maxLength: 40 },
);

describe('of any tree, whatever ends in it', () => {
  const everyFall = (
    check: (stage: StagedTree, decided: ReturnType<StagedTree['exit']>, child: string) => void,
  ): void => {
    fc.assert(
      fc.property(trees, falls, (options, story) => {
        const stage = new StagedTree(options);
        let at = 0;
        for (const { which, how, laterMs, isStopped } of story) {
          const running = [...stage.tree.children.keys()].filter((child) => stage.phase(child) === 'running');
          const child = running[which % Math.max(1, running.length)];
          if (child === undefined) return;
          at += laterMs;
          if (isStopped) stage.stop(child);
          else check(stage, stage.exit(child, how, { at }), child);
        }
      }),
    );
  };

  it('starts go in the order of start, stops in the reversed one, and no child is named twice', () => {
    everyFall((stage, { start, stop }) => {
      const tops = [...stage.tree.groups.values()].filter(({ parent }) => parent === undefined);
      const order = tops.flatMap(({ name }) => childrenBelow(stage.tree, name));
      assert.deepEqual(
        start,
        order.filter((child) => start.includes(child)),
      );
      assert.deepEqual(stop, order.filter((child) => stop.includes(child)).reverse());
    });
  });

  it('only children of the groups that have done something are touched', () => {
    everyFall((stage, { start, stop, steps }, child) => {
      const touched = steps.flatMap(({ group }) => childrenBelow(stage.tree, group));
      for (const each of [...start, ...stop]) assert.ok(touched.includes(each), `${each} after ${child}`);
    });
  });

  it('the one that has ended is started again, or is down: never forgotten', () => {
    everyFall((stage, { start, stop }, child) => {
      assert.ok(!stop.includes(child));
      assert.match(stage.phase(child), start.includes(child) ? /running/ : /ended|failed/);
    });
  });

  it('nothing runs in a group that is over', () => {
    everyFall((stage) => {
      for (const group of stage.tree.groups.keys())
        if (endOfGroup(stage.state, group) !== undefined)
          for (const child of childrenBelow(stage.tree, group))
            assert.notEqual(stage.phase(child), 'running');
    });
  });

  it('no group restarts more often within its time than it may', () => {
    everyFall((stage, { steps }) => {
      for (const { group, did, restarts } of steps)
        if (did === 'restart') assert.ok(restarts <= (stage.tree.groups.get(group)?.intensity.restarts ?? 0));
    });
  });

  it('what somebody has stopped is never started', () => {
    fc.assert(
      fc.property(trees, falls, fc.nat(), (options, story, which) => {
        const stage = new StagedTree(options);
        const children = [...stage.tree.children.keys()];
        const stopped = children[which % children.length] as string;
        stage.stop(stopped);
        for (const { which, how } of story) {
          const child = children[which % children.length] as string;
          assert.ok(!stage.exit(child, how).start.includes(stopped));
        }
        assert.equal(stage.phase(stopped), 'stopped');
      }),
    );
  });

  it('a state that was written down and read again decides the same', () => {
    everyFall((stage) => {
      const read = JSON.parse(JSON.stringify(stage.state));
      for (const child of stage.tree.children.keys())
        assert.deepEqual(
          onExit(stage.tree, read, child, 'abnormal', 0),
          onExit(stage.tree, stage.state, child, 'abnormal', 0),
        );
    });
  });

  it('what falls again and again at one time is over after a bounded number of restarts', () => {
    fc.assert(
      fc.property(trees, (options) => {
        const stage = new StagedTree(options);
        // Each group as often as its own intensity, anew for each restart of the one above: 4 to the power of 7 and more.
        for (let times = 0; times < 100_000; times++) {
          const child = [...stage.tree.children.keys()].find((each) => stage.phase(each) === 'running');
          if (child === undefined) return;
          stage.exit(child, 'abnormal');
        }
        assert.fail('it goes on for ever');
      }),
      { numRuns: 50 },
    );
  });
});
