import assert from 'node:assert/strict';
import { Buffer } from 'node:buffer';
import { test } from 'node:test';
import fc from 'fast-check';
import { webText } from '../wire/text.ts';
import { nodeText } from './node-text.ts';

const kinds = {
  Uint8Array: (size: number) => new Uint8Array(size),
  Buffer: (size: number) => Buffer.alloc(size),
};

for (const [kind, make] of Object.entries(kinds)) {
  test(`writes, measures and reads any string as the web's text does, in a ${kind}`, () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 60 }), fc.nat(9), (string, at) => {
        const bytes = webText.byteLength(string);
        assert.equal(nodeText.byteLength(string), bytes);
        const ours = make(at + bytes + 3);
        const theirs = make(at + bytes + 3);
        assert.equal(nodeText.write(ours, string, at), webText.write(theirs, string, at));
        assert.deepEqual(ours, theirs);
        assert.equal(nodeText.decode(ours, at, at + bytes), webText.decode(theirs, at, at + bytes));
      }),
      { numRuns: 500 },
    );
  });

  test(`refuses in a ${kind} exactly the bytes that the web's text refuses`, () => {
    const read = (text: typeof nodeText, bytes: Uint8Array, start: number): string | undefined => {
      try {
        return text.decode(bytes, start, bytes.length);
      } catch (error) {
        assert.ok(error instanceof TypeError);
        return undefined;
      }
    };
    const piece = fc.constantFrom(
      [0x61],
      [0xc3, 0xbc],
      [0xef, 0xbf, 0xbd],
      [0xef, 0xbb, 0xbf],
      [0xe2, 0x82],
      [0x80],
      [0xff],
      [0xed, 0xa0, 0x80],
      [0xf0, 0x9f, 0x98, 0x80],
      [0],
    );
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 8 }), fc.nat(3), (pieces, start) => {
        const whole = [...new Array<number>(start).fill(0x41), ...pieces.flat()];
        const bytes = make(whole.length);
        bytes.set(whole);
        assert.equal(read(nodeText, bytes, start), read(webText, bytes, start));
      }),
      { numRuns: 1000 },
    );
  });
}

test('writes lone surrogates as U+FFFD', () => {
  for (const string of ['\ud800', 'a\udc00b', 'a long text with a lone one \ud83d in it']) {
    const target = new Uint8Array(100);
    const written = nodeText.write(target, string, 0);
    assert.equal(written, nodeText.byteLength(string));
    assert.equal(nodeText.decode(target, 0, written), string.replace(/[\ud800-\udfff]/, '\ufffd'));
  }
});
