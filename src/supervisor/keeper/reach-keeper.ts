/** The brain's end: how it reaches the keeper that has started it. */
import { connect } from '../../endpoint/connect.ts';
import type { Keeper } from './keeper.ts';

export interface ReachedKeeper {
  /** To be taken over (`take`) before anything else. */
  readonly keeper: Keeper;
  /** The keeper is gone, and this process ends with it. */
  readonly closed: Promise<unknown>;
}

/** In a process that was started as a brain. Throws `ERR_NOT_REACHABLE` in any other. */
export async function reachKeeper(): Promise<ReachedKeeper> {
  const peer = await connect<Keeper>('parent:');
  const { call } = peer;
  return {
    closed: peer.closed,
    keeper: {
      take: () => call.take(),
      events: (after) => call.events(after),
      openListener: (spec) => call.openListener(spec),
      closeListener: (name) => call.closeListener(name),
      start: (spec) => call.start(spec),
      signal: (id, signal, whom) => call.signal(id, signal, whom),
      end: (id, options) => call.end(id, options),
      forget: (id) => call.forget(id),
      closeLog: (name) => call.closeLog(name),
      note: (key, value) => call.note(key, value),
      replaceBrain: (options) => call.replaceBrain(options),
      stop: (options) => call.stop(options),
    },
  };
}
