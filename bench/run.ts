/** Runs cases: all contenders of a case one after the other, and again for each round (A B C A B C ...). */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Scale } from './cases/lab.ts';
import { type CaseName, caseOf, type Way } from './cases.ts';
import type { Result } from './measure/report.ts';
import { canPin, type Round, round } from './measure/round.ts';

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
    for (const one of plan.cases) results.push(...(await runCase(one, plan, folder, tell, signal)));
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
  plan: Plan,
  folder: string,
  tell: (line: string) => void,
  signal: AbortSignal | undefined,
): Promise<Result[]> {
  const { rounds, repeats, scale } = plan;
  const ways = waysOf(name, plan);
  const results = ways.flatMap((way) =>
    contenders.map((contender): Result => ({ case: name, way, contender, rounds: [] })),
  );
  try {
    await caseOf(name).prepare?.();
  } catch (error) {
    return results.map((result) => ({ ...result, failure: String(error) }));
  }
  for (let number = 1; number <= rounds; number++) {
    tell(`${name}: round ${number} of ${rounds}`);
    for (const contender of contenders) {
      const own = results.filter((result) => result.contender === contender);
      if (own.some(({ failure }) => failure !== undefined)) continue;
      try {
        const job = { case: name, contender, ways, scale, folder, repeats, ...(signal && { signal }) };
        const measured = await round(job);
        for (const result of own) result.rounds.push(measured.get(result.way) as Round);
      } catch (error) {
        signal?.throwIfAborted();
        const failure = error instanceof Error ? error.message : String(error);
        for (const result of own) result.failure = failure;
        tell(`${name}: ${contender} failed: ${failure}`);
      }
    }
  }
  return results;
}
