import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { HangWatch } from './hang-watch.ts';

/** Looks every 100 ms, at these counts; what was new, and when. */
function changes(hangMs: number, counts: readonly number[], late: Record<number, number> = {}): string[] {
  const watch = new HangWatch(hangMs, 100);
  const told: string[] = [];
  let now = 0;
  counts.forEach((beats, n) => {
    now += 100 + (late[n] ?? 0);
    const { change, blockedMs } = watch.look(now, beats);
    if (change !== undefined) told.push(`${n}: ${change} after ${blockedMs}`);
  });
  return told;
}

describe('an event loop', () => {
  it('hangs once no beat has come for so long, and turns at the next one', () => {
    assert.deepEqual(changes(300, [1, 2, 3, 3, 3, 3, 3, 3, 4, 5]), [
      '5: hung after 300',
      '8: turns after 600',
    ]);
  });

  it('does not hang while a beat comes in time', () => {
    assert.deepEqual(changes(300, [1, 1, 1, 2, 2, 2, 3, 4]), []);
  });

  it('hangs also where it has never turned', () => {
    assert.deepEqual(changes(300, [0, 0, 0, 0, 0]), ['3: hung after 300']);
  });

  it('does not hang by time in which the whole process was stopped', () => {
    assert.deepEqual(changes(400, [1, 1, 1, 2], { 2: 60_000 }), []);
  });

  it('never hangs where nobody wants to know', () => {
    assert.deepEqual(changes(0, [1, 1, 1, 1, 1, 1]), []);
  });
});
