import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { giveOrTake, quantile, spread } from './statistics.ts';

describe('spread', () => {
  it('gives the middle of an odd number of values, in whatever order they come', () => {
    assert.deepEqual(spread([9, 1, 5]), { median: 5, least: 1, most: 9, of: 3 });
  });

  it('gives the mean of the middle two of an even number', () => {
    assert.equal(spread([4, 1, 3, 2]).median, 2.5);
  });

  it('sorts numbers as numbers', () => {
    assert.equal(spread([100, 9, 20]).median, 20);
  });

  it('is not a number where there are no values', () => {
    assert.ok(Number.isNaN(spread([]).median));
  });

  it('leaves the values as they are', () => {
    const values = [3, 1, 2];
    spread(values);
    assert.deepEqual(values, [3, 1, 2]);
  });
});

describe('quantile', () => {
  it('gives the ends for 0 and 1', () => {
    assert.equal(quantile([1, 2, 3], 0), 1);
    assert.equal(quantile([1, 2, 3], 1), 3);
  });

  it('gives a value between two neighbours in proportion', () => {
    assert.equal(quantile([10, 20], 0.25), 12.5);
  });

  it('gives the 99th of a hundred, near enough', () => {
    const values = Float64Array.from({ length: 101 }, (_, i) => i);
    assert.equal(quantile(values, 0.99), 99);
  });
});

describe('giveOrTake', () => {
  it('is half the width as a share of the median', () => {
    assert.equal(giveOrTake({ median: 100, least: 90, most: 110, of: 3 }), 0.1);
  });
});
