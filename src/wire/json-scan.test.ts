import assert from 'node:assert/strict';
import { it } from 'node:test';
import fc from 'fast-check';
import { closingQuote, jsonDepth } from './json-scan.ts';

const bytesOf = (text: string): Uint8Array => new TextEncoder().encode(text);

function depthOf(value: unknown): number {
  if (typeof value !== 'object' || value === null) return 0;
  return 1 + Math.max(0, ...Object.values(value).map(depthOf));
}

it('finds the depth of any JSON text', (t) => {
  const seed = Number(process.env.KINDRED_SEED ?? Math.floor(Math.random() * 2 ** 31));
  t.diagnostic(`KINDRED_SEED=${seed}`);
  const strings = fc.string({
    unit: fc.constantFrom('[', ']', '{', '}', '"', '\\', 'a', 'é'),
    maxLength: 100,
  });
  const { value } = fc.letrec((tie) => ({
    value: fc.oneof({ maxDepth: 6 }, strings, fc.double({ noNaN: true }), tie('array'), tie('object')),
    array: fc.array(tie('value'), { maxLength: 4 }),
    object: fc.dictionary(strings, tie('value'), { maxKeys: 4 }),
  }));
  fc.assert(
    fc.property(value, (any) => assert.equal(jsonDepth(bytesOf(JSON.stringify(any))), depthOf(any))),
    { seed, numRuns: 500 },
  );
});

it('finds the quote that closes a string, however long and wherever it is escaped', () => {
  for (let length = 0; length < 100; length++)
    for (const escaped of ['', '\\"', '\\\\', '\\\\\\"', '\\u0022']) {
      const inside = 'x'.repeat(length) + escaped;
      const bytes = bytesOf(`${inside}" and "more"`);
      assert.equal(closingQuote(bytes, 0), inside.length, inside);
    }
});

it('tells an end of the bytes in the middle of an escape from any other', () => {
  for (let length = 0; length < 100; length++) {
    const inside = 'x'.repeat(length);
    assert.equal(closingQuote(bytesOf(inside), 0), length);
    assert.equal(closingQuote(bytesOf(`${inside}\\`), 0), length + 2);
    assert.equal(closingQuote(bytesOf(`${inside}\\\\`), 0), length + 2);
    assert.equal(closingQuote(bytesOf(`${inside}\\"`), 0), length + 2);
  }
});
