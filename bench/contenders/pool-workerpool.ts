/** workerpool with two threads. */
import type { Contender } from '../contender.ts';
import { poolSize } from './by-hand/pool-size.ts';
import { workerpoolOf } from './by-hand/workerpool.ts';

export const contender: Contender = workerpoolOf({
  workerType: 'thread',
  minWorkers: poolSize,
  maxWorkers: poolSize,
});
