/**
 * Tells time in which this event loop was blocked from time in which it was free.
 *
 * A timer ticks while anybody holds the watch; a tick that comes late by more than the slack means that the loop was
 * blocked for so long. Deadlines are kept in free time, so that a call never times out because its own caller was busy;
 * a pong reports the blockage, so that the other end can tell "busy" from "dead".
 */
import { type Clock, systemClock, type Timer } from './clock.ts';

const tickMs = 50;
/** Lateness that timers have on a busy machine without any blockage. */
const slackMs = 30;

export interface LoopWatch {
  /** Keeps the watch running until the returned function is called. */
  hold(): () => void;
  /** Milliseconds of free time; stands still while the loop is blocked, and never goes back. */
  freeNow(): number;
  /** The longest blockage since the last time this was asked with the same asker, in milliseconds; 0 where there was none. */
  takeLongest(asker: object): number;
  /** Calls `run` at every tick, until the returned function is called. */
  onTick(run: () => void): () => void;
}

export function createLoopWatch(clock: Clock = systemClock): LoopWatch {
  let holders = 0;
  let timer: Timer | undefined;
  let dueAt = 0;
  let blockedMs = 0;
  let freeMs = Number.NEGATIVE_INFINITY;
  const blockages: { at: number; ms: number }[] = [];
  const asked = new WeakMap<object, number>();
  const listeners = new Set<() => void>();

  function account(now: number): void {
    if (timer === undefined) return;
    const late = now - dueAt;
    if (late <= slackMs) return;
    blockedMs += late;
    blockages.push({ at: now, ms: late });
    if (blockages.length > 64) blockages.shift();
    dueAt = now;
  }

  function tick(): void {
    account(clock.now());
    timer = undefined;
    for (const run of listeners) run();
    if (holders > 0) arm();
  }

  function arm(): void {
    dueAt = clock.now() + tickMs;
    timer = clock.after(tickMs, tick);
    timer.unref();
  }

  return {
    hold() {
      holders++;
      if (timer === undefined) arm();
      let held = true;
      return () => {
        if (held) holders--;
        held = false;
      };
    },
    freeNow() {
      const now = clock.now();
      account(now);
      // What was lateness a moment ago may be a blockage now, with all that was told as free meanwhile.
      freeMs = Math.max(freeMs, now - blockedMs);
      return freeMs;
    },
    takeLongest(asker) {
      const now = clock.now();
      account(now);
      const since = asked.get(asker) ?? 0;
      asked.set(asker, now);
      let longest = 0;
      for (const blockage of blockages) if (blockage.at > since) longest = Math.max(longest, blockage.ms);
      return longest;
    },
    onTick(run) {
      listeners.add(run);
      return () => listeners.delete(run);
    },
  };
}
