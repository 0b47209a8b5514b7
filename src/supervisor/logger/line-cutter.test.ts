import assert from 'node:assert/strict';
import { isUtf8 } from 'node:buffer';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { type Cut, LineCutter } from './line-cutter.ts';

/** All that a cutter gives for these chunks, pushed as it has room, and at the end what it holds. */
function cutAll(limitBytes: number, chunks: readonly Buffer[]): Cut[] {
  const cutter = new LineCutter(limitBytes);
  const cuts: (Cut | undefined)[] = [];
  for (const chunk of chunks)
    for (let at = 0; at < chunk.length; ) {
      const part = chunk.subarray(at, at + cutter.room);
      at += part.length;
      // As a reader does, which uses its buffer again.
      const lent = Buffer.from(part);
      cuts.push(cutter.push(lent));
      lent.fill(0);
    }
  while (cutter.heldBytes > 0) cuts.push(cutter.cut());
  return cuts.filter((cut) => cut !== undefined);
}

const chunksOf = (bytes: Buffer, at: readonly number[]): Buffer[] => {
  const places = [0, ...at.map((place) => place % (bytes.length + 1)).sort((a, b) => a - b), bytes.length];
  return places.slice(1).map((end, i) => bytes.subarray(places[i], end));
};
const joined = (cuts: readonly Cut[]): string => Buffer.concat(cuts.map(({ bytes }) => bytes)).toString();

describe('lines of a stream', () => {
  it('come out whole, whatever the reads', () => {
    const text = fc.string({ unit: fc.constantFrom('a', 'ä', '€', '😀', '\n', '\0', '\r'), maxLength: 200 });
    fc.assert(
      fc.property(text, fc.array(fc.nat(), { maxLength: 12 }), (written, places) => {
        const cuts = cutAll(1000, chunksOf(Buffer.from(written), places));
        assert.equal(joined(cuts), written);
        for (const { bytes, cut } of cuts) assert.equal(bytes.at(-1) === 10, !cut);
        assert.equal(cuts.filter(({ cut }) => cut).length, written === '' || written.endsWith('\n') ? 0 : 1);
      }),
    );
  });

  it('are cut between characters where they are too long', () => {
    const text = fc.string({ unit: fc.constantFrom('a', 'ä', '€', '😀', '\n'), maxLength: 100 });
    fc.assert(
      fc.property(text, fc.integer({ min: 4, max: 20 }), fc.array(fc.nat()), (written, limit, places) => {
        const cuts = cutAll(limit, chunksOf(Buffer.from(written), places));
        for (const { bytes } of cuts) assert.ok(isUtf8(bytes) && !bytes.toString().includes('\ufffd'));
        for (const { bytes, cut } of cuts) assert.ok(!cut || !bytes.includes(10));
        assert.equal(joined(cuts), written);
      }),
    );
  });

  it('are text, whatever bytes come, and bounded', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), fc.array(fc.nat()), (written, places) => {
        const bytes = Buffer.from(written);
        const cuts = cutAll(16, chunksOf(bytes, places));
        const newlines = (all: Uint8Array): number => all.filter((byte) => byte === 10).length;
        for (const cut of cuts) assert.ok(isUtf8(cut.bytes));
        for (const cut of cuts) assert.ok(cut.bytes.length <= 3 * 16);
        assert.equal(newlines(Buffer.from(joined(cuts))), newlines(bytes));
      }),
    );
  });

  it('that have not ended are held, no more than there is room', () => {
    const cutter = new LineCutter(10);
    assert.equal(cutter.push(Buffer.from('1234')), undefined);
    assert.deepEqual([cutter.heldBytes, cutter.room], [4, 6]);
    assert.deepEqual(cutter.push(Buffer.from('567890')), { bytes: Buffer.from('1234567890'), cut: true });
    assert.equal(cutter.heldBytes, 0);
  });
});
