/** piscina with one worker that takes as many tasks at a time as there are. */
import { fileURLToPath } from 'node:url';
import { Piscina } from 'piscina';
import type { Contender } from '../contender.ts';

export const contender: Contender = {
  async connect() {
    const pool = new Piscina({
      filename: fileURLToPath(new URL('./by-hand/pool-task.ts', import.meta.url)),
      minThreads: 1,
      maxThreads: 1,
      concurrentTasksPerWorker: 1024,
      recordTiming: false,
    });
    return {
      echo: (value) => pool.run(value),
      close: () => pool.destroy(),
    };
  },
};
