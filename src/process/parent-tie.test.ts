import assert from 'node:assert/strict';
import { it } from 'node:test';
import { type ParentTie, readTie, sayTie } from './parent-tie.ts';

it('is understood as it was said', () => {
  const parent = { pid: 7, started: 99 };
  const ties: [string, ParentTie][] = [
    ['pid:7:99', { parent, fd: undefined, graceMs: 5000 }],
    ['pid:7:99;fd=4', { parent, fd: 4, graceMs: 5000 }],
    ['pid:7:99;fd=12;graceMs=0', { parent, fd: 12, graceMs: 0 }],
    ['pid:7:;graceMs=20', { parent: { pid: 7, started: undefined }, fd: undefined, graceMs: 20 }],
  ];
  for (const [text, tie] of ties) {
    assert.equal(sayTie(tie), text);
    assert.deepEqual(readTie(text), tie);
  }
});

it('is not understood where it is anything else', () => {
  for (const text of [
    '',
    'fd=4',
    'pid:7',
    'pid:7:9;fd=',
    'pid:7:9;fd=-1',
    'pid:7:9;graceMs=-1',
    'pid:7:9\n',
    'ipc',
  ])
    assert.equal(readTie(text), undefined, text);
});
