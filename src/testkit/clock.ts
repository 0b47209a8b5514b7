/** A clock that stands still until a test moves it. */
import type { Clock, Timer } from '../base/clock.ts';

export interface TestClock extends Clock {
  /** Moves the time, running each timer that falls due at its own moment, in order; promises settle in between. */
  advance(ms: number): Promise<void>;
  /** Moves the time at once, as when the event loop was blocked: timers run late, all of them at the end. */
  block(ms: number): Promise<void>;
}

export function createTestClock(startMs: number = 0): TestClock {
  let now = startMs;
  const timers = new Set<{ at: number; run: () => void }>();

  const settle = async (): Promise<void> => {
    for (let turn = 0; turn < 20; turn++) await Promise.resolve();
  };
  const runDue = async (): Promise<void> => {
    for (;;) {
      const due = [...timers].filter(({ at }) => at <= now).sort((a, b) => a.at - b.at)[0];
      if (due === undefined) return;
      timers.delete(due);
      due.run();
      await settle();
    }
  };

  return {
    now: () => now,
    after(ms, run): Timer {
      const timer = { at: now + ms, run };
      timers.add(timer);
      return { cancel: () => timers.delete(timer), unref() {} };
    },
    async advance(ms) {
      const end = now + ms;
      await settle();
      for (;;) {
        const next = Math.min(...[...timers].map(({ at }) => at));
        if (next > end) break;
        now = Math.max(now, next);
        await runDue();
      }
      now = end;
      await settle();
    },
    async block(ms) {
      now += ms;
      await runDue();
    },
  };
}
