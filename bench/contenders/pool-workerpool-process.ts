/** workerpool with two processes. */
import type { Contender } from '../contender.ts';
import { poolSize } from './by-hand/pool-size.ts';
import { workerpoolOf } from './by-hand/workerpool.ts';

export const contender: Contender = workerpoolOf({
  workerType: 'process',
  minWorkers: poolSize,
  maxWorkers: poolSize,
});
