import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Result } from '../measure/report.ts';
import { asMarkdown, asText, caseTable, shortNumber } from './table.ts';

const usage = { wallMs: 1, clientCpuMs: 0, serverCpuMs: 0, clientPeakKiB: 0, serverPeakKiB: 0, others: 0 };

const result = (contender: string, values: number[], disturbed = false): Result => ({
  case: 'calls-64',
  way: 'free',
  contender,
  rounds: values.map((callsPerSecond) => ({
    figures: { callsPerSecond, clientCpuUs: 2 },
    usage,
    disturbed,
    tries: 1,
  })),
});

describe('the table of a case', () => {
  it('begins with the best, and gives the ratio to the baseline', () => {
    const { rows } = caseTable('calls-64', 'free', [
      result('bare', [100, 100, 100]),
      result('kindred', [250, 250, 300]),
    ]);
    assert.deepEqual(
      rows.map(([name, value, ratio]) => [name, value, ratio]),
      [
        ['**Kindred**, `local:`', '250 ±10%', '2.50'],
        ['**bare**: a line and a write for each, by hand', '100 ±0%', '1.00'],
      ],
    );
  });

  it('ends with those that failed, and says how many rounds were disturbed', () => {
    const { rows } = caseTable('calls-64', 'free', [
      { ...result('fork', []), failure: 'it broke' },
      result('bare', [100, 100], true),
    ]);
    assert.equal(rows[1]?.[1], 'failed');
    assert.equal(rows[0]?.at(-1), '2 of 2 disturbed');
  });

  it('has as many cells in every line, as text and as Markdown', () => {
    const table = caseTable('calls-64', 'free', [result('bare', [1]), result('kindred', [2])]);
    for (const row of table.rows) assert.equal(row.length, table.head.length);
    assert.match(asText(table), /Kindred, local: +2.00 +2.00 +2.00/);
    assert.match(asMarkdown(table), /^\| \*\*Kindred\*\*, `local:` \| 2\.00 \|/m);
  });
});

describe('a number', () => {
  it('has three digits', () => {
    assert.deepEqual([0.1234, 9.999, 99.96, 1234, 12_345, 999_600, 1_234_567].map(shortNumber), [
      ...['0.12', '10.0', '100', '1234', '12.3 k', '1.00 M', '1.23 M'],
    ]);
  });
});
