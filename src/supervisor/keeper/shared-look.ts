/**
 * One look at all processes for many who want one: it reads what the system says of each, which takes about 20 microseconds
 * a process, and two hundred services that end at once look again and again.
 */
import { type Clock, systemClock } from '../../base/clock.ts';
import { type ProcessSystem, thisSystem } from '../../process/process-system.ts';

export interface SharedLook extends ProcessSystem {
  /**
   * What is looked at from here on is no older than this turn of the event loop: to be called at the exit of a process that
   * has left others. All that are told of in one turn had ended before the first of them was.
   */
  renew(): void;
}

/** So old may be what is seen, in milliseconds; and so many times as old as a look takes, so that looking is never all that is done. */
const maxAgeMs = 20;
const restFactor = 10;

export function createSharedLook(system: ProcessSystem = thisSystem, clock: Clock = systemClock): SharedLook {
  let seen: { until: number; all: ReturnType<ProcessSystem['all']> } | undefined;
  let isNew = false;
  return {
    ...system,
    all() {
      const at = clock.now();
      if (seen !== undefined && at <= seen.until) return seen.all;
      const all = system.all();
      seen = { until: at + Math.max(maxAgeMs, restFactor * (clock.now() - at)), all };
      return all;
    },
    renew() {
      if (isNew) return;
      seen = undefined;
      isNew = true;
      setImmediate(() => {
        isNew = false;
      });
    },
  };
}
