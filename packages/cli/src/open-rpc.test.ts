import assert from 'node:assert/strict';
import { test } from 'node:test';
import { rowsOf, tableOf } from './open-rpc.ts';

const param = (name: string, required: boolean): object => ({ name, required, schema: {} });

test('functions stand in aligned columns, with what can be left out marked', () => {
  const rows = rowsOf([
    { name: 'add', params: [param('numbers', false)], 'x-rest': true },
    { name: 'users.find', params: [param('id', true), param('limit', false)] },
    { name: 'countdown', params: [param('from', true)], 'x-stream': true },
    { name: 'mix', params: [param('argument1', true), param('argument2', true)], 'x-unnamed': true },
    { name: 'odd', params: [], 'x-unnamed': true },
    { name: 'ping', params: [] },
  ]);
  assert.deepEqual(tableOf(rows), [
    'METHOD      PARAMETERS          ANSWERS',
    'add         ...numbers          a value',
    'users.find  id, limit?          a value',
    'countdown   from                a stream',
    'mix         2, names not known  a value',
    'odd         names not known     a value',
    'ping        -                   a value',
  ]);
});

test('a summary is shown where a service gives one', () => {
  const rows = rowsOf([
    { name: 'a', params: [], summary: 'adds' },
    { name: 'b', description: 'first\nsecond' },
  ]);
  assert.deepEqual(tableOf(rows), [
    'METHOD  PARAMETERS  ANSWERS  SUMMARY',
    'a       -           a value  adds',
    'b       -           a value  first',
  ]);
});

test('a document that is not what it should be breaks nothing', () => {
  assert.deepEqual(
    rowsOf([null, 5, 'x', {}, { name: 5, params: 'no' }, { name: '\u001b[31m', params: [null, {}] }]).map(
      ({ method, parameters }) => [method, parameters],
    ),
    [
      ['', '-'],
      ['', '-'],
      ['\\x1b[31m', '?'],
    ],
  );
});
