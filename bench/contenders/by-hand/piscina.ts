/** A pool of piscina, with what one contender differs by. */
import { fileURLToPath } from 'node:url';
import { Piscina } from 'piscina';
import type { Contender } from '../../contender.ts';

export const piscinaOf = (options: ConstructorParameters<typeof Piscina>[0]): Contender => ({
  async connect() {
    const filename = fileURLToPath(new URL('./pool-task.ts', import.meta.url));
    const pool = new Piscina({ filename, recordTiming: false, ...options });
    return {
      echo: (value) => pool.run(value),
      close: () => pool.destroy(),
    };
  },
});
