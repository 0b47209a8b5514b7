/** workerpool with one child process. It gives a worker one task at a time; the others wait in its queue. */
import type { Contender } from '../contender.ts';
import { workerpoolOf } from './by-hand/workerpool.ts';

export const contender: Contender = workerpoolOf({ workerType: 'process', minWorkers: 1, maxWorkers: 1 });
