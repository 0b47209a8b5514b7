/**
 * Timeouts of many calls with one timer.
 *
 * They are kept in free time (see `base/loop-watch`): time in which this event loop was blocked does not count. And a
 * deadline that has passed is looked at once more in a later turn, so that a reply which already lies in the socket's
 * buffer wins.
 */
import type { Clock, Timer } from '../base/clock.ts';
import type { LoopWatch } from '../base/loop-watch.ts';

export interface Deadline {
  /** On the watch's free time. */
  due: number;
  expire(): void;
  /** Called about once a tick from half of the time on: is the other end alive? */
  halfway?(): void;
  readonly since: number;
}

export interface Deadlines {
  add(deadline: Deadline): void;
  remove(deadline: Deadline): void;
  /** Forgets all. */
  clear(): void;
  /** Whether an open deadline keeps the process alive; it does by default. */
  setRef(on: boolean): void;
}

export function createDeadlines(watch: LoopWatch, clock: Clock): Deadlines {
  const open = new Set<Deadline>();
  let timer: Timer | undefined;
  let timerDue = Number.POSITIVE_INFINITY;
  let letGo: (() => void) | undefined;
  let refd = true;

  function arm(due: number): void {
    timer?.cancel();
    timerDue = due;
    timer = clock.after(Math.max(1, due - watch.freeNow()), look);
    if (!refd) timer.unref();
  }

  function look(): void {
    timer = undefined;
    timerDue = Number.POSITIVE_INFINITY;
    const now = watch.freeNow();
    const passed: Deadline[] = [];
    let next = Number.POSITIVE_INFINITY;
    for (const deadline of open) {
      if (deadline.due <= now) passed.push(deadline);
      else next = Math.min(next, deadline.due);
    }
    if (passed.length > 0) clock.after(0, () => expire(passed));
    if (next < timerDue) arm(next);
  }

  function expire(passed: readonly Deadline[]): void {
    const now = watch.freeNow();
    for (const deadline of passed) {
      if (!open.has(deadline)) continue;
      if (deadline.due > now) continue;
      open.delete(deadline);
      deadline.expire();
    }
    rest();
  }

  function halfway(): void {
    const now = watch.freeNow();
    for (const deadline of open)
      if (now - deadline.since > (deadline.due - deadline.since) / 2) deadline.halfway?.();
  }

  function rest(): void {
    if (open.size > 0) return;
    timer?.cancel();
    timer = undefined;
    timerDue = Number.POSITIVE_INFINITY;
    letGo?.();
    letGo = undefined;
  }

  return {
    add(deadline) {
      open.add(deadline);
      if (letGo === undefined) {
        const release = watch.hold();
        const silence = watch.onTick(halfway);
        letGo = () => {
          release();
          silence();
        };
      }
      if (deadline.due < timerDue) arm(deadline.due);
    },
    remove(deadline) {
      open.delete(deadline);
      if (open.size === 0) rest();
    },
    clear() {
      open.clear();
      rest();
    },
    setRef(on) {
      refd = on;
      if (timer !== undefined) arm(timerDue);
    },
  };
}
