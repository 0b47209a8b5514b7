import assert from 'node:assert/strict';
import { it } from 'node:test';
import { inARow } from './in-a-row.ts';

/** `x`: bad, `.`: good. */
function verdicts(samples: string, times: number): string[] {
  let bad = 0;
  return [...samples].map((sample) => {
    const row = inARow(bad, sample === 'x', times);
    bad = row.bad;
    return row.verdict;
  });
}

const table: [samples: string, times: number, expected: string[]][] = [
  ['xxx', 3, ['doubtful', 'doubtful', 'bad']],
  ['xx.xx', 3, ['doubtful', 'doubtful', 'good', 'doubtful', 'doubtful']],
  ['x', 1, ['bad']],
  ['xxxx', 2, ['doubtful', 'bad', 'bad', 'bad']],
  ['...', 1, ['good', 'good', 'good']],
];
for (const [samples, times, expected] of table)
  it(`${samples} with ${times} in a row: ${expected.join(', ')}`, () => {
    assert.deepEqual(verdicts(samples, times), expected);
  });
