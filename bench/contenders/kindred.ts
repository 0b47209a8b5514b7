/** Two Kindreds on one machine, as a user would write it: nothing is switched off. */
import { connect, serve } from 'kindred';
import type { Contender, Service } from '../contender.ts';
import { sessionOf } from './by-hand/kindred-session.ts';

export const contender: Contender = {
  async serve(service, { limits }) {
    const { address } = await serve(`local:bench-${process.pid}`, service, { limits });
    return address;
  },
  async connect({ address, limits }) {
    return sessionOf(await connect<Service>(address, { limits }));
  },
};
