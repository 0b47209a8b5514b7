/** Runs cases: all contenders of a case one after the other, and again for each round (A B C A B C ...). */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Scale } from './cases/lab.ts';
import { type CaseName, caseOf, type Way } from './cases.ts';
import type { Result } from './measure/report.ts';
import { canPin, round } from './measure/round.ts';

export interface Plan {
  cases: readonly { case: CaseName; contenders: readonly string[] }[];
  /** Empty: the first way of each case. */
  ways: readonly Way[];
  rounds: number;
  /** Of a disturbed round. */
  repeats: number;
  scale: Scale;
}

export async function run(plan: Plan, tell: (line: string) => void, signal?: AbortSignal): Promise<Result[]> {
  const folder = mkdtempSync(join(tmpdir(), 'kindred-bench-'));
  const results: Result[] = [];
  if (!canPin) tell('there is no taskset here: everything is measured free only');
  try {
    for (const one of plan.cases) {
      for (const way of waysOf(one.case, plan))
        results.push(...(await runCase(one, way, plan, folder, tell, signal)));
    }
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
  return results;
}

export function waysOf(name: CaseName, { ways }: Pick<Plan, 'ways'>): readonly Way[] {
  const able = caseOf(name).ways.filter((way) => canPin || way === 'free');
  return ways.length === 0 ? able.slice(0, 1) : able.filter((way) => ways.includes(way));
}

async function runCase(
  { case: name, contenders }: Plan['cases'][number],
  way: Way,
  { rounds, repeats, scale }: Plan,
  folder: string,
  tell: (line: string) => void,
  signal: AbortSignal | undefined,
): Promise<Result[]> {
  const results = contenders.map((contender): Result => ({ case: name, way, contender, rounds: [] }));
  try {
    await caseOf(name).prepare?.();
  } catch (error) {
    return results.map((result) => ({ ...result, failure: String(error) }));
  }
  for (let number = 1; number <= rounds; number++) {
    tell(`${name}, ${way}: round ${number} of ${rounds}`);
    for (const result of results) {
      if (result.failure !== undefined) continue;
      try {
        const { contender } = result;
        result.rounds.push(
          await round({ case: name, contender, way, scale, folder, repeats, ...(signal && { signal }) }),
        );
      } catch (error) {
        signal?.throwIfAborted();
        result.failure = error instanceof Error ? error.message : String(error);
        tell(`${name}, ${way}: ${result.contender} failed: ${result.failure}`);
      }
    }
  }
  return results;
}
