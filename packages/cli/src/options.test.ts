import assert from 'node:assert/strict';
import { test } from 'node:test';
import { toCount, toMs, withoutSwallowing } from './options.ts';

test('--wait and --wait-reply take a number behind them, and nothing else', () => {
  const lines: [string, string][] = [
    ['call --wait 500 local:x add', 'call --wait 500 local:x add'],
    ['call --wait local:x add', 'call --wait= local:x add'],
    ['call local:x add --wait', 'call local:x add --wait='],
    ['send local:x --wait-reply hello', 'send local:x --wait-reply= hello'],
    ['send local:x --wait-reply 2 hello', 'send local:x --wait-reply 2 hello'],
    ['call local:x add --wait=500 --wait -1', 'call local:x add --wait=500 --wait= -1'],
    ['call local:x add -- --wait x', 'call local:x add -- --wait x'],
  ];
  for (const [given, taken] of lines) assert.equal(withoutSwallowing(given.split(' ')).join(' '), taken);
});

test('a time is whole milliseconds, a count whole and from 1', () => {
  assert.equal(toMs('500'), 500);
  assert.equal(toCount('1'), 1);
  for (const text of ['', '0', '-1', '1.5', '5s', '1e3', '2147483648', ' 1'])
    assert.throws(() => toMs(text), /Write whole milliseconds/);
  for (const text of ['', '0', '1.5', 'two', '9007199254740993'])
    assert.throws(() => toCount(text), /Write a whole number/);
});
