/** A pool of tinypool, with what one contender differs by. */
import { fileURLToPath } from 'node:url';
import Tinypool, { type Options } from 'tinypool';
import type { Contender } from '../../contender.ts';

export const tinypoolOf = (options: Options): Contender => ({
  async connect() {
    const pool = new Tinypool({
      filename: fileURLToPath(new URL('./pool-task.ts', import.meta.url)),
      ...options,
    });
    return {
      echo: (value) => pool.run(value),
      close: () => pool.destroy(),
    };
  },
});
