// Times, sizes and shares, as they are shown and as they are written.
import assert from 'node:assert/strict';
import { it } from 'node:test';
import { durationOf, rateOf, shareOf, sizeOf, timeOf, toMoment } from './figures.ts';
import { shownText } from './shown-text.ts';
import { tableLines, wrapped } from './table.ts';

it('shows how long in at most two units', () => {
  const shown = [-5, 999, 59_000, 192_000, 11_100_000, 183_600_000, 100 * 86_400_000].map(durationOf);
  assert.deepEqual(shown, ['0s', '0s', '59s', '3m12s', '3h05m', '2d03h', '100d']);
});

it('shows sizes with three digits and a unit', () => {
  const shown = [0, 999, 1000, 9994, 12_000_000, 120_400_000, 999_600_000, 5e15].map(sizeOf);
  assert.deepEqual(shown, ['0 B', '999 B', '1.00 kB', '9.99 kB', '12.0 MB', '120 MB', '1.00 GB', '5000 TB']);
});

it('shows shares of a processor, and rates', () => {
  assert.deepEqual([0, 0.031, 1.5].map(shareOf), ['0%', '3%', '150%']);
  assert.deepEqual([0, 0.42, 9.96, 431.2, 9999.4, 12_612, 1_234_567].map(rateOf), [
    '0',
    '0.4',
    '10',
    '431',
    '9999',
    '12.6k',
    '1.2M',
  ]);
});

it('shows the date only of another day', () => {
  const noon = new Date(2026, 0, 31, 12, 5, 7, 3).getTime();
  assert.equal(timeOf(noon, noon), '12:05:07.003');
  assert.equal(timeOf(noon, noon + 86_400_000), '2026-01-31 12:05:07.003');
});

it('understands how long ago, and dates with and without a time and a zone', () => {
  const now = Date.parse('2026-03-04T12:00:00Z');
  assert.equal(toMoment('90s', now), now - 90_000);
  assert.equal(toMoment('2h30m', now), now - 9_000_000);
  assert.equal(toMoment('1d', now), now - 86_400_000);
  assert.equal(toMoment('2026-01-31T12:00:00Z'), Date.parse('2026-01-31T12:00:00Z'));
  assert.equal(toMoment('2026-01-31'), new Date(2026, 0, 31).getTime());
  assert.equal(toMoment('2026-01-31 12:30'), new Date(2026, 0, 31, 12, 30).getTime());
  for (const text of ['', '10', '10 m', 'm', '5m3h', '2026', '2026-13-01', '99999999d', 'yesterday'])
    assert.throws(() => toMoment(text, now), /Write how long ago/, text);
});

it('keeps the colours of a text where there are any, and nothing else that a terminal obeys', () => {
  const text = '\x1b[31mred\x1b[0m \x1b[2J\x1b]0;title\x07\x1bPq\x1b\\\x1b7tab\there\r\x9b1m';
  assert.equal(shownText(text, { colours: false }), 'red tab\there\\x0d\\x9b1m');
  assert.equal(shownText(text, { colours: true }), '\x1b[31mred\x1b[0m tab\there\\x0d\\x9b1m\x1b[0m');
});

it('aligns what is wide, such as Chinese', () => {
  const columns = [
    { title: 'NAME', text: (row: string) => row, least: 4 },
    { title: 'X', text: () => '1' },
  ];
  assert.deepEqual(tableLines(columns, ['服务', 'ab'], 80), ['NAME  X', '服务  1', 'ab    1']);
  assert.deepEqual(tableLines(columns, ['服务服务', 'ab'], 9), ['NAME    X', '服务…   1', 'ab      1']);
});

it('breaks text between words', () => {
  assert.deepEqual(wrapped('one two three', 8, '  '), ['one two', '  three']);
  assert.deepEqual(wrapped('incomprehensibilities are', 10, ''), ['incomprehensibilities', 'are']);
});
