/** tinypool with one child process that takes as many tasks at a time as there are. */
import { fileURLToPath } from 'node:url';
import Tinypool from 'tinypool';
import type { Contender } from '../contender.ts';

export const contender: Contender = {
  async connect() {
    const pool = new Tinypool({
      runtime: 'child_process',
      filename: fileURLToPath(new URL('./by-hand/pool-task.ts', import.meta.url)),
      minThreads: 1,
      maxThreads: 1,
      concurrentTasksPerWorker: 1024,
    });
    return {
      echo: (value) => pool.run(value),
      close: () => pool.destroy(),
    };
  },
};
