/** The brain's end: how it reaches the keeper that has started it. */
import { KindredError } from '../../base/errors.ts';
import { connect } from '../../endpoint/connect.ts';
import type { Keeper } from './keeper.ts';

export interface ReachedKeeper {
  /** To be taken over (`take`) before anything else. */
  readonly keeper: Keeper;
  /** The keeper is gone, and this process ends with it. */
  readonly closed: Promise<unknown>;
}

/**
 * In a process that was started as a brain. What its functions throw is what the keeper threw, and not that it was thrown at
 * the other end: as in one process. Throws `ERR_NOT_REACHABLE` in any other process.
 */
export async function reachKeeper(): Promise<ReachedKeeper> {
  const peer = await connect<Keeper>('parent:');
  const { call } = peer;
  const told = <T>(answer: PromiseLike<T>): Promise<T> =>
    Promise.resolve(answer).catch((error: unknown) => {
      throw error instanceof KindredError &&
        error.code === 'ERR_REMOTE' &&
        error.cause instanceof KindredError
        ? error.cause
        : error;
    });
  return {
    closed: peer.closed,
    keeper: {
      take: () => told(call.take()),
      events: (after) => call.events(after),
      openListener: (spec) => told(call.openListener(spec)),
      closeListener: (name) => told(call.closeListener(name)),
      route: (route) => told(call.route(route)),
      unroute: (listener) => told(call.unroute(listener)),
      start: (spec) => told(call.start(spec)),
      signal: (id, signal, whom) => told(call.signal(id, signal, whom)),
      end: (id, options) => told(call.end(id, options)),
      forget: (id) => told(call.forget(id)),
      closeLog: (name) => told(call.closeLog(name)),
      note: (changes) => told(call.note(changes)),
      replaceBrain: (options) => told(call.replaceBrain(options)),
      stop: (options) => told(call.stop(options)),
    },
  };
}
