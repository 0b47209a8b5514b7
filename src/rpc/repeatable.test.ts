import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { isRepeatable } from './repeatable.ts';

async function* items() {
  yield 1;
}

describe('arguments', () => {
  it('are repeatable where they are data, also data that holds itself', () => {
    const ring: unknown[] = [1, 'two', null, undefined, 3n, new Date(0), new Uint8Array(8)];
    ring.push(ring, new Map([['ring', ring]]), new Set([ring]));
    assert.equal(isRepeatable([ring, { ring }]), true);
  });

  const spent: [string, unknown][] = [
    ['a function', () => {}],
    ['a generator', items()],
    ['a web stream', new ReadableStream()],
  ];
  for (const [name, value] of spent)
    it(`are not where there is ${name}, at any depth`, () => {
      for (const args of [
        [value],
        [{ deep: [{ value }] }],
        [new Map([[value, 1]])],
        [new Map([[1, value]])],
        [new Set([value])],
      ])
        assert.equal(isRepeatable([1, ...args]), false);
    });

  it('are not where memory was moved away, or the memory of a view', () => {
    const view = new Uint8Array(8);
    assert.equal(isRepeatable([view.buffer, view]), true);
    structuredClone(view, { transfer: [view.buffer] });
    assert.equal(isRepeatable([view.buffer]), false);
    assert.equal(isRepeatable([[view]]), false);
  });

  it('are looked through however deep they are', () => {
    let deep: unknown = () => {};
    for (let i = 0; i < 100_000; i++) deep = [deep];
    assert.equal(isRepeatable([deep]), false);
  });
});
