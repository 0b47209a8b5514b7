/** tinypool with one child process that takes as many tasks at a time as there are. */
import type { Contender } from '../contender.ts';
import { tinypoolOf } from './by-hand/tinypool.ts';

export const contender: Contender = tinypoolOf({
  runtime: 'child_process',
  minThreads: 1,
  maxThreads: 1,
  concurrentTasksPerWorker: 1024,
});
