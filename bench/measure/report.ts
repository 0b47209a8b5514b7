/** What a run of the benchmark found, as it is written to JSON and read again. */
import { execFileSync } from 'node:child_process';
import { availableParallelism, cpus, release, totalmem } from 'node:os';
import type { Way } from '../cases.ts';
import type { Round } from './round.ts';
import { type Spread, spread } from './statistics.ts';

export interface Result {
  case: string;
  way: Way;
  contender: string;
  rounds: Round[];
  /** What went wrong where a round failed; the further ones are then left out. */
  failure?: string;
}

export interface Report {
  at: string;
  machine: {
    processor: string;
    processors: number;
    memoryGiB: number;
    kernel: string;
    node: string;
    commit: string;
  };
  results: Result[];
}

export function createReport(results: Result[]): Report {
  return {
    at: new Date().toISOString(),
    machine: {
      processor: cpus()[0]?.model.trim() ?? 'unknown',
      processors: availableParallelism(),
      memoryGiB: Math.round(totalmem() / 2 ** 30),
      // What a distribution adds says nothing of the speed.
      kernel: `${process.platform} ${release().split('-')[0]}`,
      node: process.version,
      commit: commit(),
    },
    results,
  };
}

/** All values of a figure, one a round. Empty where it was not measured. */
export function valuesOf(
  results: readonly Result[],
  wanted: { case: string; way: Way; contender: string; figure: string },
): number[] {
  const result = find(results, wanted);
  return (
    result?.rounds.map(({ figures }) => figures[wanted.figure]).filter((value) => value !== undefined) ?? []
  );
}

export function spreadOf(...args: Parameters<typeof valuesOf>): Spread {
  return spread(valuesOf(...args));
}

export function find(
  results: readonly Result[],
  wanted: { case: string; way: Way; contender: string },
): Result | undefined {
  return results.find(
    (result) =>
      result.case === wanted.case && result.way === wanted.way && result.contender === wanted.contender,
  );
}

function commit(): string {
  try {
    return execFileSync('git', ['describe', '--always', '--dirty'], { encoding: 'utf8' }).trim();
  } catch {
    return 'unknown';
  }
}
