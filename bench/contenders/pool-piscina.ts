/** piscina with two threads: its threads wait for each other with Atomics, unless told otherwise. */
import type { Contender } from '../contender.ts';
import { piscinaOf } from './by-hand/piscina.ts';
import { poolSize } from './by-hand/pool-size.ts';

export const contender: Contender = piscinaOf({ minThreads: poolSize, maxThreads: poolSize });
