/** piscina with two threads: its threads wait for each other with Atomics, unless told otherwise. */
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
      recordTiming: false,
    });
    return {
      echo: (value) => pool.run(value),
      close: () => pool.destroy(),
    };
  },
};
