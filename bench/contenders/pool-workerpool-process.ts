/** workerpool with two processes. */
import { fileURLToPath } from 'node:url';
import workerpool from 'workerpool';
import type { Contender } from '../contender.ts';
import { poolSize } from './by-hand/pool-size.ts';

export const contender: Contender = {
  async connect() {
    const pool = workerpool.pool(fileURLToPath(new URL('./by-hand/workerpool-task.ts', import.meta.url)), {
      workerType: 'process',
      minWorkers: poolSize,
      maxWorkers: poolSize,
    });
    return {
      echo: (value) => pool.exec('echo', [value]) as never,
      async close() {
        await pool.terminate(true);
      },
    };
  },
};
