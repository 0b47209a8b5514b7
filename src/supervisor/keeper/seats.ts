/**
 * Who may tell the keeper what to do: the brain that has taken it over last.
 *
 * ```
 *   waiting --take()--> taken --take() of another seat, the end of the keeper--> fenced
 * ```
 * Every call of a seat that is not `taken` is refused with `ERR_CLOSED`; the events of one that was end.
 */
import { KindredError } from '../../base/errors.ts';
import type { EventLog } from './event-log.ts';
import type { Keeper, KeeperTable, ProcessEntry, StartSpec } from './keeper.ts';

/** What the keeper does, for whom it may. */
export interface Deeds extends Omit<Keeper, 'take' | 'events' | 'start'> {
  table(epoch: number): KeeperTable;
  /** `check` throws where the seat does not count any more. */
  start(spec: StartSpec, check: () => void): Promise<ProcessEntry>;
}

export interface Seats {
  seat(): Keeper;
  /** No seat counts from now on. */
  close(): void;
}

export function createSeats(deeds: Deeds, events: EventLog): Seats {
  let epoch = 0;
  let isClosed = false;

  function seat(): Keeper {
    let own = 0;
    const isFenced = (): boolean => isClosed || own === 0 || own !== epoch;
    const check = (): void => {
      if (!isFenced()) return;
      const why = isClosed
        ? 'is stopped'
        : own === 0
          ? 'was not taken over yet: call take() first'
          : 'was taken over by another brain';
      throw new KindredError('ERR_CLOSED', `the keeper ${why}`);
    };
    const checked =
      <Args extends unknown[], T>(deed: (...args: Args) => Promise<T>) =>
      async (...args: Args): Promise<T> => {
        check();
        return await deed(...args);
      };
    return {
      async take() {
        own = epoch + 1;
        if (!isClosed) epoch = own;
        events.wake();
        check();
        return deeds.table(epoch);
      },
      events(after) {
        check();
        return events.after(after, isFenced);
      },
      route: checked(deeds.route),
      unroute: checked(deeds.unroute),
      start: checked((spec) => deeds.start(spec, check)),
      openListener: checked(deeds.openListener),
      closeListener: checked(deeds.closeListener),
      signal: checked(deeds.signal),
      end: checked(deeds.end),
      forget: checked(deeds.forget),
      closeLog: checked(deeds.closeLog),
      note: checked(deeds.note),
      replaceBrain: checked(deeds.replaceBrain),
      stop: checked(deeds.stop),
    };
  }

  return {
    seat,
    close() {
      isClosed = true;
      events.wake();
    },
  };
}
