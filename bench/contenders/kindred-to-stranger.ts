/** Kindred calls a JSON-RPC server by hand, in the dialect `json-lines`. */
import { connect } from 'kindred';
import type { Contender, Service } from '../contender.ts';
import { sessionOf } from './by-hand/kindred-session.ts';
import { contender as stranger } from './stranger.ts';

export const contender: Contender = {
  serve: stranger.serve,
  async connect({ address }) {
    return sessionOf(await connect<Service>(`unix:${address}`, { dialect: 'json-lines' }));
  },
};
