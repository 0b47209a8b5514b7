import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { caseOf, cases } from '../cases.ts';
import { type Demand, type Target, targets } from '../targets.ts';
import { distance, evaluate } from './evaluate.ts';
import type { Result } from './report.ts';

const usage = { wallMs: 1, clientCpuMs: 0, serverCpuMs: 0, clientPeakKiB: 0, serverPeakKiB: 0, others: 0 };

const rounds = (
  contender: string,
  values: number[],
  disturbed = false,
  way: 'free' | 'pinned' = 'free',
): Result => ({
  case: 'calls-64',
  way,
  contender,
  rounds: values.map((callsPerSecond) => ({ figures: { callsPerSecond }, usage, disturbed, tries: 1 })),
});
const term = (contender: string) => ({ case: 'calls-64', contender, figure: 'callsPerSecond' }) as const;
const target = (...demands: [Demand, ...Demand[]]): Target => ({ name: 'it', demands, ways: ['free'] });
const twice = target({ of: term('kindred'), over: term('bare'), atLeast: 2, unit: 'x bare' });

const reaches = ({ demands: [demand], ...rest }: Target, free: number): Target => ({
  ...rest,
  demands: [{ ...demand, reached: { free } }],
});

describe('evaluate', () => {
  it('divides round by round, so that a slow hour of the machine counts on both sides', () => {
    const [verdict] = evaluate(
      [twice],
      [rounds('kindred', [30, 300, 3000]), rounds('bare', [10, 100, 1000])],
    );
    assert.equal(verdict?.value.median, 3);
    assert.equal(verdict?.value.least, 3);
    assert.equal(verdict?.state, 'met');
  });

  it('meets a bound that is reached exactly', () => {
    assert.equal(evaluate([twice], [rounds('kindred', [20]), rounds('bare', [10])])[0]?.state, 'met');
  });

  it('misses below it', () => {
    assert.equal(evaluate([twice], [rounds('kindred', [19]), rounds('bare', [10])])[0]?.state, 'missed');
  });

  it('tells what is out of reach, and keeps what was reached', () => {
    const known = reaches(twice, 1.5);
    const state = (value: number) =>
      evaluate([known], [rounds('kindred', [value]), rounds('bare', [10])])[0]?.state;
    assert.deepEqual([20, 19, 15, 14].map(state), ['met', 'short', 'short', 'missed']);
    const least = target({ of: term('kindred'), over: term('bare'), atMost: 2, unit: 'x bare' });
    const [verdict] = evaluate([reaches(least, 3)], [rounds('kindred', [29]), rounds('bare', [10])]);
    assert.equal(verdict?.state, 'short');
    const [hard] = twice.demands;
    const either: Target = { ...twice, demands: [{ ...hard, atLeast: 1000 }, ...known.demands] };
    const [other] = evaluate([either], [rounds('kindred', [15]), rounds('bare', [10])]);
    assert.deepEqual([other?.state, other?.demand.atLeast], ['short', 2]);
  });

  it('leaves open what was not measured', () => {
    assert.equal(evaluate([twice], [rounds('kindred', [19])])[0]?.state, 'open');
    assert.equal(evaluate([twice], [])[0]?.state, 'open');
  });

  it('subtracts where a target says so', () => {
    const beyond = target({ of: term('kindred'), minus: term('bare'), atMost: 16, unit: 'more' });
    assert.equal(evaluate([beyond], [rounds('kindred', [26]), rounds('bare', [10])])[0]?.state, 'met');
    assert.equal(evaluate([beyond], [rounds('kindred', [27]), rounds('bare', [10])])[0]?.state, 'missed');
  });

  it('is content with one of several demands, and else shows the nearest', () => {
    const either = target(
      { of: term('kindred'), atLeast: 1000, unit: 'a second' },
      { of: term('kindred'), over: term('bare'), atLeast: 2, unit: 'x bare' },
    );
    const [met] = evaluate([either], [rounds('kindred', [30]), rounds('bare', [10])]);
    assert.equal(met?.state, 'met');
    const [missed] = evaluate([either], [rounds('kindred', [15]), rounds('bare', [10])]);
    assert.equal(missed?.state, 'missed');
    assert.equal(missed?.demand.unit, 'x bare');
  });

  it('judges each way by its own rounds', () => {
    const both: Target = { ...twice, ways: ['pinned', 'free'] };
    const results = [
      rounds('kindred', [30]),
      rounds('bare', [10]),
      rounds('kindred', [10], false, 'pinned'),
      rounds('bare', [10], false, 'pinned'),
    ];
    assert.deepEqual(
      evaluate([both], results).map(({ state }) => state),
      ['missed', 'met'],
    );
  });

  it('says where a round stayed disturbed', () => {
    const [verdict] = evaluate([twice], [rounds('kindred', [30]), rounds('bare', [10], true)]);
    assert.equal(verdict?.disturbed, true);
  });
});

describe('distance', () => {
  it('is above 1 for what is missed, whichever way the bound lies', () => {
    const demand = { of: term('kindred'), unit: '' };
    assert.equal(distance({ ...demand, atLeast: 2 }, 1), 2);
    assert.equal(distance({ ...demand, atMost: 2 }, 4), 2);
  });
});

describe('the targets', () => {
  it('speak of cases, contenders and ways that there are', () => {
    for (const { name, demands, ways } of targets)
      for (const { of, over, minus } of demands)
        for (const each of [of, over, minus].filter((one) => one !== undefined)) {
          const { subjects, ways: measured } = caseOf(each.case);
          assert.ok(subjects.includes(each.contender), `${name}: ${each.contender} is not in ${each.case}`);
          for (const way of ways)
            assert.ok(measured.includes(way), `${name}: ${each.case} is not measured ${way}`);
        }
  });

  it('that are out of reach reach less than they demand', () => {
    for (const { name, demands, ways } of targets)
      for (const demand of demands)
        for (const [way, value] of Object.entries(demand.reached ?? {})) {
          assert.ok(ways.includes(way as 'free'), name);
          assert.ok(distance(demand, value) > 1, `${name}: ${value}`);
        }
  });

  it('each have one bound', () => {
    for (const { name, demands } of targets)
      for (const { atMost, atLeast } of demands)
        assert.ok((atMost === undefined) !== (atLeast === undefined), name);
  });

  it('have names of their own', () => {
    assert.equal(new Set(targets.map(({ name }) => name)).size, targets.length);
  });
});

describe('the cases', () => {
  it('measure every subject once', () => {
    for (const { subjects, title } of Object.values(cases))
      assert.equal(new Set(subjects).size, subjects.length, title);
  });
});
