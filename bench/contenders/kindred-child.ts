/** A module hosted in a child, over its own descriptor. */
import { host } from 'kindred';
import type { Contender, Service } from '../contender.ts';
import { sessionOf } from './by-hand/kindred-session.ts';

export const contender: Contender = {
  async connect() {
    const hosted = await host<Service>(new URL('../service.ts', import.meta.url));
    return sessionOf(hosted);
  },
};
