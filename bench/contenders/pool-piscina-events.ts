/** piscina with two threads that go on hearing events between two tasks, as those of the other pools do. */
import type { Contender } from '../contender.ts';
import { piscinaOf } from './by-hand/piscina.ts';
import { poolSize } from './by-hand/pool-size.ts';

export const contender: Contender = piscinaOf({
  minThreads: poolSize,
  maxThreads: poolSize,
  atomics: 'disabled',
});
