/** tinypool with two processes. */
import { fileURLToPath } from 'node:url';
import Tinypool from 'tinypool';
import type { Contender } from '../contender.ts';
import { poolSize } from './by-hand/pool-size.ts';

export const contender: Contender = {
  async connect() {
    const pool = new Tinypool({
      runtime: 'child_process',
      filename: fileURLToPath(new URL('./by-hand/pool-task.ts', import.meta.url)),
      minThreads: poolSize,
      maxThreads: poolSize,
    });
    return {
      echo: (value) => pool.run(value),
      close: () => pool.destroy(),
    };
  },
};
