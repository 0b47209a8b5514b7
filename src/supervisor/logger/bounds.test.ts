import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { Budget, Turns } from './bounds.ts';

describe('what logs share', () => {
  it('is a budget that nobody overdraws', () => {
    const budget = new Budget(10);
    assert.deepEqual(
      [budget.take(6), budget.take(5), budget.take(4), budget.take(1)],
      [true, false, true, false],
    );
    budget.give(6);
    assert.equal(budget.take(6), true);
  });

  it('is so many turns at a time, in the order in which they were asked for', async () => {
    const turns = new Turns(2);
    const started: number[] = [];
    const works = [0, 1, 2, 3].map(() => Promise.withResolvers<void>());
    const done = works.map((work, n) =>
      turns.run(() => {
        started.push(n);
        return work.promise;
      }),
    );
    assert.deepEqual(started, [0, 1]);
    works[1]?.reject(new Error('failed'));
    await assert.rejects(done[1] as Promise<void>, /failed/);
    assert.deepEqual(started, [0, 1, 2]);
    for (const { resolve } of works) resolve();
    await Promise.allSettled(done);
    assert.deepEqual(started, [0, 1, 2, 3]);
    await turns.run(async () => {});
  });
});
