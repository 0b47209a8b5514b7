import assert from 'node:assert/strict';
import { it } from 'node:test';
import { didYouMean, nearest } from './nearest.ts';

const words = ['instances', 'listen', 'needs', 'ready', 'run'];
const table: [word: string, expected: string | undefined][] = [
  ['lisen', 'listen'],
  ['instance', 'instances'],
  ['raedy', 'ready'],
  ['Ready', 'ready'],
  ['rn', 'run'],
  ['health', undefined],
  ['', undefined],
];
for (const [word, expected] of table)
  it(`${JSON.stringify(word)} is near ${expected ?? 'nothing'}`, () => {
    assert.equal(nearest(word, words), expected);
  });

it('names all that there are where none is near', () => {
  assert.equal(didYouMean('health', ['tcp', 'http']), 'there are tcp, http');
  assert.equal(didYouMean('x', [], 'declare it'), 'declare it');
});
