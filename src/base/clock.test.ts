import assert from 'node:assert/strict';
import { it, mock } from 'node:test';
import { systemClock } from './clock.ts';

const longestMs = 2 ** 31 - 1;
const month = 31 * 24 * 3600 * 1000;

it('waits for more than a timer of the runtime can', async () => {
  let early = false;
  const timer = systemClock.after(month, () => (early = true));
  await new Promise<void>((resolve) => void systemClock.after(5, resolve));
  timer.cancel();
  assert.equal(early, false);
});

it('runs at the end of so long a time, and not where it was cancelled in the middle', () => {
  mock.timers.enable({ apis: ['setTimeout'] });
  try {
    const ran: string[] = [];
    systemClock.after(month, () => ran.push('at its end'));
    const cancelled = systemClock.after(month, () => ran.push('cancelled'));
    mock.timers.tick(longestMs);
    mock.timers.tick(month - longestMs - 1);
    assert.deepEqual(ran, []);
    cancelled.cancel();
    mock.timers.tick(1);
    assert.deepEqual(ran, ['at its end']);
  } finally {
    mock.timers.reset();
  }
});
