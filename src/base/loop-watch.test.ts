import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { createLoopWatch } from './loop-watch.ts';

describe('the watch over the event loop', () => {
  let now = 0;
  const clock = { now: () => now, after: () => ({ cancel() {}, unref() {} }) };

  it('tells free time that never goes back, whenever it is asked during a blockage', () => {
    now = 0;
    const watch = createLoopWatch(clock);
    watch.hold();
    let before = watch.freeNow();
    for (; now < 1000; now++) {
      const free = watch.freeNow();
      assert.ok(free >= before, `${free} after ${before}, at ${now}`);
      before = free;
    }
    assert.ok(before <= 81, `${before} ms were told as free of a blockage that began after 50`);
  });

  it('goes on where it stood when the blockage is over', () => {
    now = 0;
    const watch = createLoopWatch(clock);
    watch.hold();
    now = 1050;
    const stood = watch.freeNow();
    now += 20;
    assert.equal(watch.freeNow() - stood, 20);
  });
});
