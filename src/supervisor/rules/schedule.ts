/**
 * When a scheduled service runs next. Never twice at a time, once for however many times were missed, and a clock that is
 * set neither repeats what has run nor puts it off for long.
 *
 * ```
 *   waiting (due at a time) --the time has come--> started --ended--> waiting
 *                           --and it still runs--> waiting (skipped)
 * ```
 */

/** Any value that knows its next time. All times of this file are of the wall clock. */
export interface NextRun {
  nextRun(after: Date): Date | null;
}

/** JSON. */
export interface ScheduleState {
  /** When it is due; null: never again. Undefined: not asked yet. */
  readonly dueAt?: number | null | undefined;
  /** When this was last looked at: a clock that has jumped is told by it. */
  readonly seenAt?: number | undefined;
  /** When it was last started, or skipped: all times up to then are done with. */
  readonly doneAt?: number | undefined;
}

export interface ScheduleStep {
  readonly state: ScheduleState;
  /** `start`: now; `skip`: it is due, and still runs. */
  readonly now: 'start' | 'skip' | 'wait';
  /** Look again after so long; undefined: it is never due again. No longer than a minute, so that a clock that is set is seen. */
  readonly againMs: number | undefined;
}

const lookMs = 60_000;
/** A clock set back by less does not repeat what has run meanwhile: an hour of summer time, a correction. */
const repeatMs = 3 * 3600_000;

export function scheduleStep(
  schedule: NextRun,
  state: ScheduleState,
  { now, isRunning }: { now: number; isRunning: boolean },
): ScheduleStep {
  const { seenAt, doneAt } = state;
  const wentBack = seenAt !== undefined && now < seenAt;
  // What was done in a time that has not come yet is done, unless the clock was wrong by far.
  const from = doneAt !== undefined && doneAt > now && doneAt - now < repeatMs ? doneAt : now;
  const dueAt = state.dueAt === undefined || wentBack ? next(schedule, from) : state.dueAt;
  if (dueAt === null || dueAt > now)
    return { state: { dueAt, seenAt: now, doneAt }, now: 'wait', againMs: until(dueAt, now) };
  const following = next(schedule, now);
  return {
    state: { dueAt: following, seenAt: now, doneAt: now },
    now: isRunning ? 'skip' : 'start',
    againMs: until(following, now),
  };
}

/** The first time after `from`. What a schedule says of the past is passed over: it would never be left behind. */
function next(schedule: NextRun, from: number): number | null {
  const at = schedule.nextRun(new Date(from))?.getTime();
  if (at === undefined || Number.isNaN(at)) return null;
  return Math.max(at, from + 1);
}

function until(dueAt: number | null, now: number): number | undefined {
  return dueAt === null ? undefined : Math.min(lookMs, dueAt - now);
}
