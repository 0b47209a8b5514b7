/** tinypool with two threads. */
import type { Contender } from '../contender.ts';
import { poolSize } from './by-hand/pool-size.ts';
import { tinypoolOf } from './by-hand/tinypool.ts';

export const contender: Contender = tinypoolOf({
  runtime: 'worker_threads',
  minThreads: poolSize,
  maxThreads: poolSize,
});
