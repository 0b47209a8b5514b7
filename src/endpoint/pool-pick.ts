/** Which worker of a pool gets the next call. */
import type { PoolWorker } from './pool-worker.ts';

/**
 * The least busy of those that may take one; of several the one that was used last, so that others come to be idle.
 * Undefined where each has as many as it may.
 */
export function pick(workers: Iterable<PoolWorker>, callsPerWorker: number): PoolWorker | undefined {
  let best: PoolWorker | undefined;
  for (const worker of workers) {
    if (!worker.mayTake || worker.running >= callsPerWorker) continue;
    const isBetter =
      best === undefined ||
      worker.running < best.running ||
      (worker.running === best.running && worker.lastUsed > best.lastUsed);
    if (isBetter) best = worker;
  }
  return best;
}
