/**
 * What is asked of services, as far as the brain uses it: the real one of `checks/`, or one that a test stages. Each watches
 * until its signal fires, and tells what it sees.
 */

import type { ProcessIdentity } from '../../process/process-identity.ts';
import { type HealthOptions, watchHealth } from '../checks/health.ts';
import { type AboutReady, planReady, type ReadyPlan } from '../checks/ready.ts';
import { type Sample, sample } from '../checks/sample.ts';
import { type WatchOptions, watchFiles } from '../checks/watch-files.ts';
import { readWords, type WordsOptions } from '../checks/words.ts';
import type { CheckedHealth, CheckedReady } from '../stack/checked-stack.ts';
import type { HealthSpec, ReadyBy } from '../stack/stack.ts';

export interface Checks {
  /** What has to stand in the start of a process, so that it can be seen to be ready. */
  planReady(spec: CheckedReady, about: AboutReady): Promise<ReadyPlan>;
  watchHealth(spec: CheckedHealth, options: HealthOptions): Promise<void>;
  readWords(path: string, options: WordsOptions): void;
  watchFiles(paths: readonly string[], options: WatchOptions): void;
  sample(roots: readonly ProcessIdentity[]): Promise<(Sample | undefined)[]>;
}

export const realChecks: Checks = {
  planReady: (spec, about) => planReady(readyBy(spec), about),
  watchHealth: (spec, options) => watchHealth(healthBy(spec), options),
  readWords,
  watchFiles,
  sample: (roots) => sample(roots),
};

function readyBy(spec: CheckedReady): ReadyBy {
  const { timeoutMs } = spec;
  switch (spec.by) {
    case 'fd':
      return { timeoutMs, fd: spec.fd };
    case 'tcp':
      return { timeoutMs, tcp: spec.address };
    case 'http':
      return { timeoutMs, http: spec.url };
    case 'output':
      return { timeoutMs, output: 'text' in spec ? spec.text : spec.pattern };
    case 'file':
      return { timeoutMs, file: spec.file };
    default:
      return { timeoutMs, by: spec.by };
  }
}

function healthBy(spec: CheckedHealth): HealthSpec {
  const { everyMs, timeoutMs, failures } = spec;
  const times = { everyMs, timeoutMs, failures };
  switch (spec.by) {
    case 'tcp':
      return { ...times, tcp: spec.address };
    case 'http':
      return { ...times, http: spec.url };
    case 'command':
      return { ...times, command: [spec.command, ...spec.args] };
    case 'call':
      return { ...times, call: spec.method, at: spec.at };
  }
}
