/** A pool of workerpool, with what one contender differs by. */
import { fileURLToPath } from 'node:url';
import workerpool, { type WorkerPoolOptions } from 'workerpool';
import type { Contender } from '../../contender.ts';

export const workerpoolOf = (options: WorkerPoolOptions): Contender => ({
  async connect() {
    const pool = workerpool.pool(fileURLToPath(new URL('./workerpool-task.ts', import.meta.url)), options);
    return {
      echo: (value) => pool.exec('echo', [value]) as never,
      async close() {
        await pool.terminate(true);
      },
    };
  },
});
