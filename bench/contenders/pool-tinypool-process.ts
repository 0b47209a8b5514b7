/** tinypool with two processes. */
import type { Contender } from '../contender.ts';
import { poolSize } from './by-hand/pool-size.ts';
import { tinypoolOf } from './by-hand/tinypool.ts';

export const contender: Contender = tinypoolOf({
  runtime: 'child_process',
  minThreads: poolSize,
  maxThreads: poolSize,
});
