import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { createEventLog } from './event-log.ts';

const exit = { exitCode: 0, signal: null };
const never = (): boolean => false;

describe('the log of events', () => {
  it('tells those after a number, and then those to come', async () => {
    const log = createEventLog(() => 7);
    for (const id of ['a', 'b', 'c']) log.add({ kind: 'ended', id, exit });
    const reader = log.after(1, never);
    const told = [await reader.next(), await reader.next()];
    assert.deepEqual(
      told.map(({ value }) => value),
      [
        { kind: 'ended', id: 'b', exit, sequence: 2, at: 7 },
        { kind: 'ended', id: 'c', exit, sequence: 3, at: 7 },
      ],
    );
    const next = reader.next();
    log.add({ kind: 'brain-ended', exit });
    assert.equal((await next).value?.sequence, 4);
  });

  it('keeps the last thousand, and begins with the oldest of them for a reader who is behind', async () => {
    const log = createEventLog(() => 0);
    for (let n = 0; n < 1500; n++) log.add({ kind: 'brain-ended', exit });
    const reader = log.after(3, never);
    assert.equal((await reader.next()).value?.sequence, 501);
    assert.equal(log.sequence, 1500);
  });

  it('ends for a reader who leaves while he waits, and for one for whom it is over', async () => {
    const log = createEventLog(() => 0);
    const leaves = log.after(0, never);
    const waiting = leaves.next();
    await leaves.return?.();
    assert.deepEqual(await waiting, { done: true, value: undefined });
    let isOver = false;
    const fenced = log.after(0, () => isOver).next();
    isOver = true;
    log.wake();
    assert.equal((await fenced).done, true);
  });
});
