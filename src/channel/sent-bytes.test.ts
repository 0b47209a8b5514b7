import assert from 'node:assert/strict';
import { it } from 'node:test';
import fc from 'fast-check';
import { webText } from '../wire/text.ts';
import { SentBytes } from './sent-bytes.ts';

const keptOf = (sent: SentBytes): number[] => sent.kept().flatMap((bytes) => [...bytes]);

it('keeps a copy: what its sender changes afterwards is not seen', () => {
  const sent = new SentBytes(webText);
  const bytes = new Uint8Array([1, 2, 3]);
  sent.append(bytes);
  bytes.fill(9);
  assert.deepEqual(keptOf(sent), [1, 2, 3]);
});

it('counts a string by its bytes', () => {
  const sent = new SentBytes(webText);
  sent.append('aß€');
  assert.equal(sent.end, 6);
  assert.deepEqual(keptOf(sent), [...new TextEncoder().encode('aß€')]);
});

it('keeps what was not released, in its order, whatever the sizes', () => {
  const step = fc.record({
    append: fc.integer({ min: 0, max: 200_000 }),
    release: fc.double({ min: 0, max: 1, noNaN: true }),
  });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 12 }), (steps) => {
      const sent = new SentBytes(webText);
      const all: number[] = [];
      let byte = 0;
      for (const { append, release } of steps) {
        const chunk = new Uint8Array(append).map(() => byte++ % 251);
        for (const each of chunk) all.push(each);
        sent.append(chunk);
        sent.release(sent.start + Math.floor(release * sent.size));
        assert.equal(sent.end, all.length);
        const kept = Buffer.concat(sent.kept());
        assert.equal(kept.length, sent.size);
        assert.ok(kept.equals(Uint8Array.from(all.slice(sent.start))));
      }
      sent.release(sent.end);
      assert.equal(sent.kept().length, 0);
    }),
    { numRuns: 30 },
  );
});
