// What stands on the screen of top.
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import stringWidth from 'string-width';
import { fakeScreen } from '../../../../test/programs/fake-terminal.ts';
import { stagedStatus } from '../../../../test/programs/staged-stack.ts';
import { graphLines, peakOf } from './graph.ts';
import { type TopFrame, type TopView, topFrame } from './top-frame.ts';
import { TopHistory } from './top-history.ts';

const now = Date.parse('2026-03-04T12:00:00Z');

function frame(columns: number, rows: number, view: Partial<TopView> = {}): TopFrame {
  const history = new TopHistory();
  const status = stagedStatus(now);
  for (let i = 0; i < 30; i++) history.add(status);
  return topFrame(
    status,
    history,
    { order: 'service', scrolled: 0, ...view },
    fakeScreen({ columns, rows }),
    now,
  );
}

describe('a graph', () => {
  it('draws the newest figure at the right, in eighths of a line', () => {
    assert.deepEqual(graphLines([0, 1, 2, 4, 8], { width: 6, top: 8 }), ['  ▁▂▄█']);
    assert.deepEqual(graphLines([4, 8, 12, 16], { width: 4, height: 2, top: 16 }), ['  ▄█', '▄███']);
  });

  it('draws no more figures than there is room for, and one that is not known as nothing', () => {
    assert.deepEqual(graphLines([8, 8, 8, undefined, 8], { width: 3, top: 8 }), ['█ █']);
    assert.deepEqual(graphLines([0.001, 100], { width: 2, top: 8 }), ['▁█']);
    assert.deepEqual(graphLines([1, 0], { width: 2, top: 0 }), ['  ']);
  });

  it('has the largest figure, or the least that is wanted, as its height', () => {
    assert.equal(peakOf([0.2, undefined, 3], 1), 3);
    assert.equal(peakOf([0.2], 1), 1);
  });
});

describe('a frame', () => {
  it('never has more lines than the screen, nor a wider one', () => {
    for (const [columns, rows] of [
      [80, 24],
      [60, 12],
      [40, 8],
      [200, 60],
      [35, 4],
      [80, 2],
    ] as const) {
      const { lines } = frame(columns, rows);
      assert.ok(lines.length < rows, `${columns}x${rows}: ${lines.length} lines`);
      for (const line of lines) assert.ok(stringWidth(line) <= columns, `${columns}x${rows}: ${line}`);
    }
  });

  it('shows totals with graphs, and every instance, at 80 x 24', () => {
    const { lines } = frame(80, 24);
    assert.match(lines[0] ?? '', /^shop {3}up 2d03h {3}3 of 12 ready {3}brain 4701 61\.0 MB/);
    assert.match(lines[2] ?? '', /^CPU +197% +█+$/);
    assert.match(lines[3] ?? '', /^ +max 197% +█+$/);
    assert.ok(lines.some((line) => /^mailer +1 +- +failed/.test(line)));
    assert.match(lines.at(-1) ?? '', /^q quit/);
  });

  it('leaves the graphs out where there is no room', () => {
    assert.ok(!frame(60, 12).lines.some((line) => line.includes('█')));
  });

  it('scrolls as far as there is something, and says what is below', () => {
    const top = frame(100, 12);
    assert.match(top.lines.at(-1) ?? '', /5 more below$/);
    const below = frame(100, 12, { scrolled: 99 });
    assert.equal(below.scrolled, 5);
    assert.ok(below.lines.some((line) => line.startsWith('mailer')));
    assert.equal(frame(100, 12, { scrolled: -3 }).scrolled, 0);
  });

  it('orders by what is asked for, the largest first', () => {
    const first = (order: TopView['order']): string => {
      const { lines } = frame(80, 24, { order });
      return lines[lines.findIndex((line) => line.startsWith('SERVICE')) + 1] ?? '';
    };
    assert.match(first('service'), /^db /);
    assert.match(first('cpu'), /^web +2 /);
    assert.match(first('memory'), /^images +1 /);
    assert.match(first('restarts'), /^api /);
  });
});
