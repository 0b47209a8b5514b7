import assert from 'node:assert/strict';
import { it } from 'node:test';
import { backoffMs } from './backoff.ts';

const backoff = { firstMs: 100, maxMs: 10_000 };

it('does not wait after a success, and after each failure in a row twice as long', () => {
  assert.deepEqual(
    [0, 1, 2, 3, 4].map((failures) => backoffMs(failures, backoff)),
    [0, 100, 200, 400, 800],
  );
});

it('never waits longer than its bound', () => {
  for (const failures of [8, 100, 10_000]) assert.equal(backoffMs(failures, backoff), 10_000);
});
