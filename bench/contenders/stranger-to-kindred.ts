/** A JSON-RPC client by hand calls Kindred, which finds out by itself that it speaks to a stranger. */
import { serve } from 'kindred';
import type { Contender } from '../contender.ts';
import { contender as stranger } from './stranger.ts';

export const contender: Contender = {
  async serve(service, { address }) {
    return (await serve(`unix:${address}`, service)).address;
  },
  connect: stranger.connect,
};
