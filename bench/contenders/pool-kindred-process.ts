/** The same of two processes. */
import { pool } from 'kindred';
import type { Contender, Service } from '../contender.ts';
import { poolSize } from './by-hand/pool-size.ts';

export const contender: Contender = {
  async connect() {
    const workers = await pool<Service>(new URL('../service.ts', import.meta.url), { size: poolSize });
    return {
      echo: (value) => workers.call.echo(value) as never,
      close: () => workers.close(),
    };
  },
};
