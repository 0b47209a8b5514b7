/** A worker thread that runs the child half of a contender. */
import { Worker } from 'node:worker_threads';
import type { Setting } from '../../contender.ts';

export function startWorker({ entry }: Setting): Worker {
  return new Worker(entry.file, { argv: [...entry.args] });
}
