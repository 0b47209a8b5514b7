/** Whoever never comes back cannot say so: a thread looks on, names the life that hangs, and ends the process. */
import { Worker } from 'node:worker_threads';

export interface Watchdog {
  /** A life begins. */
  sees(target: string, seed: number, life: number): void;
  stop(): Promise<void>;
}

export function startWatchdog(): Watchdog {
  // The number of lives so far; then the name of the one that is being lived, and its length.
  const shared = new SharedArrayBuffer(8 + 512);
  const counts = new Int32Array(shared, 0, 2);
  const text = new Uint8Array(shared, 8);
  const thread = new Worker(new URL('./watchdog-thread.ts', import.meta.url), { workerData: shared });
  thread.unref();
  return {
    sees(target, seed, life) {
      const { written } = new TextEncoder().encodeInto(`'${target}' --seed ${seed} --life ${life}`, text);
      counts[1] = written;
      Atomics.add(counts, 0, 1);
    },
    stop: () => thread.terminate().then(() => undefined),
  };
}
