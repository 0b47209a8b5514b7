import assert from 'node:assert/strict';
import { it } from 'node:test';
import fc from 'fast-check';
import { failuresInRow, restartDelayMs } from './restart-delay.ts';

const delay = { firstMs: 200, maxMs: 30_000, resetAfterMs: 60_000 };

it('doubles from 200 ms to 30 s', () => {
  const most = [1, 2, 3, 4, 8, 9, 100].map((failures) => restartDelayMs(failures, delay, () => 1));
  assert.deepEqual(most, [200, 400, 800, 1600, 25_600, 30_000, 30_000]);
});

it('waits any part of that, so that what fell together does not start together', () => {
  assert.deepEqual(
    [0, 0.25, 0.5].map((random) => restartDelayMs(3, delay, () => random)),
    [0, 200, 400],
  );
});

it('counts from the start again after a minute in health, and not a moment sooner', () => {
  assert.equal(failuresInRow(7, 60_000, delay), 1);
  assert.equal(failuresInRow(7, 59_999, delay), 8);
  assert.equal(failuresInRow(0, 0, delay), 1);
});

it('is never negative, never above its bound, and a whole number', () => {
  fc.assert(
    fc.property(fc.nat(10_000), fc.double({ min: 0, max: 1, noNaN: true }), (failures, random) => {
      const waitMs = restartDelayMs(failures, delay, () => random);
      assert.ok(Number.isInteger(waitMs) && waitMs >= 0 && waitMs <= 30_000);
    }),
  );
});
