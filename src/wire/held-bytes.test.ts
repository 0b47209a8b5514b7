import assert from 'node:assert/strict';
import { it } from 'node:test';
import { createHeldBytes } from './held-bytes.ts';

it('gives back what was appended, and is empty then', () => {
  const held = createHeldBytes();
  const chunk = Uint8Array.from({ length: 256 }, (_, i) => i);
  for (let round = 0; round < 3; round++) {
    const expected: number[] = [];
    for (let i = 0; i < 1000; i++) {
      const start = (i * 7) % 200;
      const end = start + ((i * 13) % 57);
      held.append(chunk, start, end);
      expected.push(...chunk.subarray(start, end));
      assert.equal(held.length, expected.length);
    }
    assert.deepEqual([...held.take()], expected);
    assert.equal(held.length, 0);
    assert.equal(held.take().length, 0);
  }
});

it('does not keep a large block once it is taken', () => {
  const held = createHeldBytes();
  held.append(new Uint8Array(1_000_000), 0, 1_000_000);
  held.take();
  held.append(new Uint8Array(1), 0, 1);
  assert.ok(held.take().buffer.byteLength < 100_000);
});
