import assert from 'node:assert/strict';
import { test } from 'node:test';
import { UsageError } from './usage.ts';
import { paramsOf, wordValue } from './words.ts';

test('a word that parses as JSON is JSON, any other a string', () => {
  const words: [string, unknown][] = [
    ['5', 5],
    ['-1.5e3', -1500],
    ['true', true],
    ['null', null],
    ['"5"', '5'],
    ['[1,"a"]', [1, 'a']],
    ['{"a":{"b":1}}', { a: { b: 1 } }],
    ['Ada', 'Ada'],
    ['two words', 'two words'],
    ['007', '007'],
    ['1,5', '1,5'],
    ['', ''],
    ['undefined', 'undefined'],
    ['NaN', 'NaN'],
  ];
  for (const [word, value] of words) assert.deepEqual(wordValue(word), value, word);
});

test('every word can be forced to be a string', () => {
  for (const word of ['5', 'true', 'null', '{"a":1}', '12345678901234567890'])
    assert.equal(wordValue(word, { string: true }), word);
});

test('a word that looks like JSON and is none is a string, and noted', () => {
  const notes: string[] = [];
  const note = (text: string): number => notes.push(text);
  assert.equal(wordValue('{a:1}', { note }), '{a:1}');
  assert.equal(wordValue('[1,', { note }), '[1,');
  assert.equal(wordValue('plain', { note }), 'plain');
  assert.equal(wordValue('{a:1}', { note, string: true }), '{a:1}');
  assert.deepEqual(notes.length, 2);
  assert.match(notes[0] ?? '', /^\{a:1\} is no JSON \(.*\), so it is sent as a string$/);
});

test('a number loses no digits in silence', () => {
  assert.throws(() => wordValue('12345678901234567890'), UsageError);
  assert.throws(() => wordValue('{"id":[9007199254740993]}'), /9007199254740993 has more digits/);
  assert.throws(() => paramsOf([], { jsonArgs: '[9007199254740993]' }), UsageError);
  assert.equal(wordValue('9007199254740991'), 9007199254740991);
  assert.equal(wordValue('0.1234567890123456789'), 0.12345678901234568);
});

test('a name such as __proto__ is a name like any other', () => {
  const value = wordValue('{"__proto__":{"admin":true}}') as object;
  assert.equal(Object.getPrototypeOf(value), Object.prototype);
  assert.deepEqual(Object.keys(value), ['__proto__']);
  const { args } = paramsOf(['__proto__=1'], { named: true });
  assert.deepEqual(Object.keys(args[0] as object), ['__proto__']);
});

test('arguments are positional, unless they are named', () => {
  assert.deepEqual(paramsOf(['1', 'Ada'], {}), { params: 'positional', args: [1, 'Ada'] });
  assert.deepEqual(paramsOf([], {}), { params: 'positional', args: [] });
  assert.deepEqual(paramsOf(['name=Ada', 'times=2', 'sum=1=1'], { named: true }), {
    params: 'named',
    args: [{ name: 'Ada', times: 2, sum: '1=1' }],
  });
  assert.deepEqual(paramsOf(['times=2'], { named: true, string: true }), {
    params: 'named',
    args: [{ times: '2' }],
  });
  assert.deepEqual(paramsOf(['{"name":"Ada"}'], { named: true }), {
    params: 'named',
    args: [{ name: 'Ada' }],
  });
  assert.deepEqual(paramsOf([], { named: true }), { params: 'named', args: [{}] });
});

test('all arguments can be given as one JSON text', () => {
  assert.deepEqual(paramsOf([], { jsonArgs: '[1,[2]]' }), { params: 'positional', args: [1, [2]] });
  assert.deepEqual(paramsOf([], { jsonArgs: '{"a":1}' }), { params: 'named', args: [{ a: 1 }] });
});

test('arguments that make no sense are refused with how to write them', () => {
  const wrong: [string[], Parameters<typeof paramsOf>[1], RegExp][] = [
    [['Ada'], { named: true }, /Ada has no name: with --named write NAME=VALUE/],
    [['a=1', 'a=2'], { named: true }, /a is given twice/],
    [['1'], { jsonArgs: '[1]' }, /not both/],
    [[], { jsonArgs: '[1' }, /no JSON/],
    [[], { jsonArgs: '5' }, /must be an array/],
    [[], { jsonArgs: '[1]', named: true }, /must be an object/],
  ];
  for (const [words, options, message] of wrong)
    assert.throws(
      () => paramsOf(words, options),
      (error) => error instanceof UsageError && message.test(error.message),
      String(message),
    );
});
