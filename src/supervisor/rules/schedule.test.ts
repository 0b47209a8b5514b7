import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { type ScheduleState, scheduleStep } from './schedule.ts';

const hour = 3600_000;
const hourly = { nextRun: (after: Date): Date => new Date((Math.floor(after.getTime() / hour) + 1) * hour) };
const once = (at: number) => ({
  nextRun: (after: Date): Date | null => (after.getTime() < at ? new Date(at) : null),
});

/** Looks at the clock at these times; the times at which it started. */
function starts(
  times: readonly number[],
  { schedule = hourly as { nextRun(after: Date): Date | null }, isRunning = false } = {},
): number[] {
  let state: ScheduleState = {};
  return times.flatMap((now) => {
    const step = scheduleStep(schedule, state, { now, isRunning });
    state = JSON.parse(JSON.stringify(step.state));
    return step.now === 'start' ? [now] : [];
  });
}

describe('a schedule', () => {
  it('starts when the time has come, once', () => {
    assert.deepEqual(starts([1000, hour - 1, hour, hour + 1, hour + 2, 2 * hour]), [hour, 2 * hour]);
  });

  it('starts a little late where nobody looked in time', () => {
    assert.deepEqual(starts([1000, hour + 500, hour + 600]), [hour + 500]);
  });

  it('starts once for all that was missed while the clock jumped ahead or the machine slept', () => {
    assert.deepEqual(starts([1000, 50 * hour + 1, 50 * hour + 2, 51 * hour]), [50 * hour + 1, 51 * hour]);
  });

  it('does not repeat what has run when the clock is set back by an hour', () => {
    assert.deepEqual(
      starts([9.5 * hour, 10 * hour, 9.1 * hour, 9.9 * hour, 10 * hour, 10.5 * hour, 11 * hour]),
      [10 * hour, 11 * hour],
    );
  });

  it('goes by the new time where the clock was wrong by far', () => {
    assert.deepEqual(starts([1000 * hour - 1, 1000 * hour, 5 * hour + 1, 6 * hour]), [1000 * hour, 6 * hour]);
  });

  it('goes by the new time also where it was due in the wrong one and nothing has run', () => {
    assert.deepEqual(starts([1000.5 * hour, 5 * hour + 1, 6 * hour]), [6 * hour]);
  });

  it('is skipped, and not put off, where it still runs', () => {
    let state: ScheduleState = scheduleStep(hourly, {}, { now: 1, isRunning: false }).state;
    const due = scheduleStep(hourly, state, { now: hour, isRunning: true });
    assert.equal(due.now, 'skip');
    state = due.state;
    assert.equal(scheduleStep(hourly, state, { now: hour + 1, isRunning: false }).now, 'wait');
    assert.equal(scheduleStep(hourly, state, { now: 2 * hour, isRunning: false }).now, 'start');
  });

  it('that has no next time waits for ever, and is not looked at again', () => {
    assert.deepEqual(starts([1, 5, 6, 100], { schedule: once(5) }), [5]);
    assert.equal(scheduleStep(once(5), {}, { now: 6, isRunning: false }).againMs, undefined);
    assert.equal(
      scheduleStep({ nextRun: () => new Date(Number.NaN) }, {}, { now: 6, isRunning: false }).againMs,
      undefined,
    );
  });

  it('that names a time in the past does not run without end', () => {
    const stuck = { nextRun: () => new Date(5) };
    const { againMs, state } = scheduleStep(stuck, {}, { now: 100, isRunning: false });
    assert.equal(againMs, 1);
    assert.equal(scheduleStep(stuck, state, { now: 100, isRunning: false }).now, 'wait');
  });

  it('is looked at again when it is due, and once a minute, so that a clock that is set is seen', () => {
    assert.equal(scheduleStep(hourly, {}, { now: 1, isRunning: false }).againMs, 60_000);
    assert.equal(scheduleStep(hourly, {}, { now: hour - 5, isRunning: false }).againMs, 5);
  });

  it('starts at most once for each time, whatever the clock does within three hours', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 0, max: 3 * hour - 1 }), { maxLength: 50 }), (times) => {
        const begun = starts(times);
        const slots = begun.map((at) => Math.floor(at / hour));
        assert.equal(new Set(slots).size, slots.length);
      }),
    );
  });
});
