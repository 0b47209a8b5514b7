import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { Fifo } from './fifo.ts';

describe('fifo', () => {
  it('does what an array does, whatever is asked of it in whatever order', () => {
    const step = fc.oneof(
      { weight: 5, arbitrary: fc.record({ what: fc.constant('push' as const), value: fc.nat(9) }) },
      { weight: 4, arbitrary: fc.record({ what: fc.constant('shift' as const), value: fc.nat(9) }) },
      fc.record({ what: fc.constantFrom('unshift' as const, 'take' as const), value: fc.nat(9) }),
    );
    fc.assert(
      fc.property(fc.array(step, { maxLength: 600, size: 'max' }), (steps) => {
        const fifo = new Fifo<number>();
        let model: number[] = [];
        for (const { what, value } of steps) {
          if (what === 'push') {
            fifo.push(value);
            model.push(value);
          } else if (what === 'unshift') {
            fifo.unshift(value);
            model.unshift(value);
          } else if (what === 'shift') assert.equal(fifo.shift(), model.shift());
          else {
            const taken = fifo.take((item) => item === value);
            assert.deepEqual(
              taken,
              model.filter((item) => item === value),
            );
            model = model.filter((item) => item !== value);
          }
          assert.equal(fifo.size, model.length);
          assert.equal(fifo.first, model[0]);
          assert.deepEqual([...fifo], model);
        }
      }),
    );
  });

  it('grows with the number of items as their number does, not as its square', () => {
    const millisecondsFor = (items: number): number => {
      const fifo = new Fifo<{ i: number }>();
      for (let i = 0; i < items; i++) fifo.push({ i });
      const start = process.cpuUsage();
      while (fifo.shift() !== undefined);
      return process.cpuUsage(start).user / 1000;
    };
    millisecondsFor(50_000);
    // With `Array.shift`, 200,000 take a minute, and 20 times as many 400 times as long.
    const few = millisecondsFor(10_000);
    assert.ok(millisecondsFor(200_000) < Math.max(few, 1) * 200);
  });
});
