/** As `kindred`, over the loopback interface. */
import { connect, serve } from 'kindred';
import type { Contender, Service } from '../contender.ts';
import { sessionOf } from './by-hand/kindred-session.ts';

export const contender: Contender = {
  async serve(service, { limits }) {
    const { address } = await serve('tcp://127.0.0.1:0', service, { limits, allowAnyone: true });
    return address;
  },
  async connect({ address, limits }) {
    return sessionOf(await connect<Service>(address, { limits }));
  },
};
