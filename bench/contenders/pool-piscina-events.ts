/** piscina with two threads that go on hearing events between two tasks, as those of the other pools do. */
import { fileURLToPath } from 'node:url';
import { Piscina } from 'piscina';
import type { Contender } from '../contender.ts';
import { poolSize } from './by-hand/pool-size.ts';

export const contender: Contender = {
  async connect() {
    const pool = new Piscina({
      filename: fileURLToPath(new URL('./by-hand/pool-task.ts', import.meta.url)),
      minThreads: poolSize,
      maxThreads: poolSize,
      atomics: 'disabled',
      recordTiming: false,
    });
    return {
      echo: (value) => pool.run(value),
      close: () => pool.destroy(),
    };
  },
};
