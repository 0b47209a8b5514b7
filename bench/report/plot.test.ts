import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { linearTicks, lineChart, logarithmicTicks } from './plot.ts';

describe('the marks of an axis', () => {
  it('begin at 0 and end at or above the largest value', () => {
    assert.deepEqual(linearTicks(95), [0, 20, 40, 60, 80, 100]);
    assert.equal(linearTicks(0.3)[0], 0);
  });

  it('hold all values of a logarithmic one', () => {
    assert.deepEqual(logarithmicTicks(15, 180), [10, 20, 50, 100, 200]);
    assert.deepEqual(logarithmicTicks(3, 800_000), [1, 10, 100, 1000, 10_000, 100_000, 1_000_000]);
  });
});

describe('a line chart', () => {
  const chart = {
    title: 'a < b',
    x: { label: 'x' },
    y: { label: 'y', log: true },
    series: [
      {
        label: 'low',
        points: [
          { x: 1, y: 10 },
          { x: 2, y: 20 },
        ],
      },
      {
        label: 'high',
        points: [
          { x: 1, y: 100 },
          { x: 2, y: 200 },
        ],
      },
      { label: 'none', points: [] },
    ],
  };

  it('is XML without numbers that are none', () => {
    const svg = lineChart(chart);
    assert.match(svg, /a &lt; b/);
    assert.doesNotMatch(svg, /NaN|Infinity|undefined/);
  });

  it('names the lines in the order in which they end, and leaves out those without points', () => {
    const svg = lineChart(chart);
    assert.ok(svg.indexOf('>high<') < svg.indexOf('>low<'));
    assert.doesNotMatch(svg, />none</);
  });
});
