import assert from 'node:assert/strict';
import { it } from 'node:test';
import { sizeBytes } from './size.ts';

const table: [size: unknown, bytes: number | undefined][] = [
  [1, 1],
  ['100', 100],
  ['1kB', 1000],
  ['512MB', 512_000_000],
  ['512 MiB', 512 * 1024 ** 2],
  ['1.5gib', 1.5 * 1024 ** 3],
  [0, undefined],
  [1.5, undefined],
  [-1, undefined],
  ['', undefined],
  ['512M', undefined],
  ['1e3', undefined],
  ['9999999TB', undefined],
  [null, undefined],
];
for (const [size, bytes] of table)
  it(`${JSON.stringify(size)} is ${bytes === undefined ? 'no size' : `${bytes} bytes`}`, () => {
    assert.equal(sizeBytes(size), bytes);
  });
