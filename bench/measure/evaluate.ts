/** Holds what was measured against the targets. */
import type { Way } from '../cases.ts';
import type { Demand, Target, Term } from '../targets.ts';
import { find, type Result, valuesOf } from './report.ts';
import { type Spread, spread } from './statistics.ts';

export interface Verdict {
  target: string;
  way: Way;
  /** `short`: missed, and known to be out of reach, but what was reached before is kept. `open`: what it needs was not measured. */
  state: 'met' | 'short' | 'missed' | 'open';
  /** Of the demand that is met, else of the one that is nearest. */
  demand: Demand;
  value: Spread;
  /** Some round that it was computed from stayed disturbed by other work. */
  disturbed: boolean;
}

export function evaluate(targets: readonly Target[], results: readonly Result[]): Verdict[] {
  return targets.flatMap((target) =>
    target.ways.map((way) => {
      const verdicts = target.demands.map((demand) => judge(target, demand, way, results));
      const [first] = verdicts as [Verdict, ...Verdict[]];
      const inState = (wanted: Verdict['state']) => verdicts.find(({ state }) => state === wanted);
      return inState('met') ?? inState('short') ?? nearest(verdicts) ?? first;
    }),
  );
}

function judge(target: Target, demand: Demand, way: Way, results: readonly Result[]): Verdict {
  const value = spread(combine(demand, way, results));
  const state = stateOf(demand, demand.reached?.[way], value.median);
  const terms = [demand.of, demand.over, demand.minus].filter((term) => term !== undefined);
  const disturbed = terms.some((term) =>
    find(results, { ...term, way })?.rounds.some((round) => round.disturbed),
  );
  return { target: target.name, way, state, demand, value, disturbed };
}

function stateOf(demand: Demand, reached: number | undefined, value: number): Verdict['state'] {
  if (Number.isNaN(value)) return 'open';
  if (distance(demand, value) <= 1) return 'met';
  if (reached === undefined) return 'missed';
  const kept = { ...demand, ...(demand.atMost === undefined ? { atLeast: reached } : { atMost: reached }) };
  return distance(kept, value) <= 1 ? 'short' : 'missed';
}

/** Round by round, because the rounds of one number were measured side by side. */
function combine({ of, over, minus }: Demand, way: Way, results: readonly Result[]): number[] {
  const get = (term: Term): number[] => valuesOf(results, { ...term, way });
  const values = get(of);
  const beside = over ?? minus;
  if (beside === undefined) return values;
  const others = get(beside);
  const join = over === undefined ? (a: number, b: number) => a - b : (a: number, b: number) => a / b;
  return values.slice(0, others.length).map((value, i) => join(value, others[i] as number));
}

/** 1 and less: met. 1.2: missed by a fifth of the bound. */
export function distance({ atMost, atLeast }: Demand, value: number): number {
  if (atMost !== undefined) return value / atMost;
  if (atLeast !== undefined) return atLeast / value;
  return 0;
}

function nearest(verdicts: readonly Verdict[]): Verdict | undefined {
  return verdicts
    .filter(({ state }) => state === 'missed')
    .sort((a, b) => distance(a.demand, a.value.median) - distance(b.demand, b.value.median))[0];
}
