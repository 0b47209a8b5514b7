import assert from 'node:assert/strict';
import { test } from 'node:test';
import { lineOf } from './json.ts';

test('what JSON can say is said as JSON, on one line', () => {
  for (const value of [null, true, 1.5, '', 'two\nlines', [1, [2]], { a: { b: null } }])
    assert.equal(lineOf(value), JSON.stringify(value));
});

test('what JSON cannot say stands in an object with one $ name', () => {
  const values: [unknown, unknown][] = [
    [new Date(0), { $date: '1970-01-01T00:00:00.000Z' }],
    [new Date(Number.NaN), { $date: null }],
    [12345678901234567890n, { $bigint: '12345678901234567890' }],
    [Number.NaN, { $number: 'NaN' }],
    [Number.NEGATIVE_INFINITY, { $number: '-Infinity' }],
    [/a+/gi, { $regexp: '/a+/gi' }],
    [new URL('https://example.org'), { $url: 'https://example.org/' }],
    [new Map([[{ k: 1 }, 2n]]), { $map: [[{ k: 1 }, { $bigint: '2' }]] }],
    [new Set(['a']), { $set: ['a'] }],
    [new Uint8Array([1, 2, 3]), { $bytes: 'AQID' }],
    [Buffer.from('abc').subarray(1, 2), { $bytes: 'Yg==' }],
    [new Uint8Array([7, 8]).buffer, { $bytes: 'Bwg=' }],
    [new DataView(new Uint8Array([7, 8]).buffer, 1), { $bytes: 'CA==' }],
    [new Float64Array([1.5, Number.NaN]), { $float64array: [1.5, { $number: 'NaN' }] }],
    [new BigInt64Array([1n]), { $bigint64array: [{ $bigint: '1' }] }],
    [() => 1, { $function: true }],
    [(async function* () {})(), { $stream: true }],
    [new ReadableStream(), { $stream: true }],
  ];
  for (const [value, said] of values) assert.deepEqual(JSON.parse(lineOf({ value })), { value: said });
});

test('an error tells its name, message and what it carries, not its stack', () => {
  const cause = new RangeError('deep');
  const error = Object.assign(new AggregateError([new Error('one')], 'many', { cause }), {
    code: 'E',
    data: { n: 1n },
  });
  assert.deepEqual(JSON.parse(lineOf(error)), {
    $error: {
      name: 'AggregateError',
      message: 'many',
      code: 'E',
      data: { n: { $bigint: '1' } },
      cause: { $error: { name: 'RangeError', message: 'deep' } },
      errors: [{ $error: { name: 'Error', message: 'one' } }],
    },
  });
});

test('undefined is null, and left out of objects', () => {
  assert.equal(lineOf(undefined), 'null');
  assert.equal(lineOf([undefined]), '[null]');
  assert.equal(lineOf({ a: undefined, b: 1 }), '{"b":1}');
});

test('an object inside of itself is said by where it stands, one that is there twice is said twice', () => {
  const shared = { s: 1 };
  const value: Record<string, unknown> = { first: shared, second: shared, list: [], 'odd name': {} };
  (value['list'] as unknown[]).push(value, value['list']);
  (value['odd name'] as Record<string, unknown>)['up'] = value['odd name'];
  assert.deepEqual(JSON.parse(lineOf(value)), {
    first: { s: 1 },
    second: { s: 1 },
    list: [{ $cycle: '$' }, { $cycle: '$.list' }],
    'odd name': { up: { $cycle: '$["odd name"]' } },
  });
});

test('a result holds no character that a terminal obeys', () => {
  const controls = Array.from({ length: 0xa0 }, (_, i) => String.fromCharCode(i)).join('');
  const line = lineOf({ [controls]: controls });
  assert.doesNotMatch(line, /\p{Cc}/u);
  assert.deepEqual(JSON.parse(line), { [controls]: controls });
});

test('a name such as __proto__ or toJSON is a name like any other', () => {
  const line = '{"__proto__":{"a":1},"toJSON":2}';
  assert.equal(lineOf(JSON.parse(line)), line);
});
