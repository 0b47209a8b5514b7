/** piscina with one worker that takes as many tasks at a time as there are. */
import type { Contender } from '../contender.ts';
import { piscinaOf } from './by-hand/piscina.ts';

export const contender: Contender = piscinaOf({
  minThreads: 1,
  maxThreads: 1,
  concurrentTasksPerWorker: 1024,
});
