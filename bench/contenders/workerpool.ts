/** workerpool with one child process. It gives a worker one task at a time; the others wait in its queue. */
import { fileURLToPath } from 'node:url';
import workerpool from 'workerpool';
import type { Contender } from '../contender.ts';

export const contender: Contender = {
  async connect() {
    const pool = workerpool.pool(fileURLToPath(new URL('./by-hand/workerpool-task.ts', import.meta.url)), {
      workerType: 'process',
      minWorkers: 1,
      maxWorkers: 1,
    });
    return {
      echo: (value) => pool.exec('echo', [value]) as never,
      async close() {
        await pool.terminate(true);
      },
    };
  },
};
