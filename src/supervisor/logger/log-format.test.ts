import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { decodeLine, encodePiece } from './log-format.ts';

const at = Date.UTC(2026, 0, 2, 3, 4, 5, 678);

function encode(format: 'text' | 'json', text: string, cut = false): string {
  return encodePiece(format, 'web.1', { stream: 'out', at, bytes: Buffer.from(text), cut }).toString();
}

describe('a line in a file', () => {
  it('is a time, the stream and the line', () => {
    assert.equal(
      encode('text', 'one\n\ntwo\n'),
      '2026-01-02T03:04:05.678Z out one\n2026-01-02T03:04:05.678Z out \n2026-01-02T03:04:05.678Z out two\n',
    );
    assert.equal(encode('text', 'to be', true), '2026-01-02T03:04:05.678Z out+ to be\n');
  });

  it('is an object, where that is asked for', () => {
    const start = '{"at":"2026-01-02T03:04:05.678Z","log":"web.1","stream":"out"';
    assert.equal(encode('json', 'one\n"two"\n'), `${start},"text":"one"}\n${start},"text":"\\"two\\""}\n`);
    assert.equal(encode('json', 'to be', true), `${start},"text":"to be","cut":true}\n`);
  });

  it('is read as it was written, in both forms', () => {
    const line = fc.string({ unit: 'grapheme', maxLength: 50 }).map((text) => text.replaceAll('\n', ' '));
    fc.assert(
      fc.property(
        fc.constantFrom('text' as const, 'json' as const),
        fc.constantFrom('out' as const, 'err' as const, 'note' as const),
        fc.integer({ min: 0, max: Date.UTC(9999, 11, 31) }),
        fc.array(line, { minLength: 1 }),
        (format, stream, time, texts) => {
          const bytes = Buffer.from(texts.map((text) => `${text}\n`).join(''));
          const file = encodePiece(format, 'web.1', { stream, at: time, bytes, cut: false }).toString();
          const lines = file.split('\n').slice(0, -1);
          assert.deepEqual(
            lines.map((each) => decodeLine('web.1', each, 0)),
            texts.map((text) => ({ at: time, log: 'web.1', stream, text: Buffer.from(text).toString() })),
          );
        },
      ),
    );
    for (const format of ['text', 'json'] as const)
      assert.deepEqual(decodeLine('a', encode(format, 'x', true).trimEnd(), 0), {
        at,
        log: 'a',
        stream: 'out',
        text: 'x',
        cut: true,
      });
  });

  it('of somebody else is a note of the time around it', () => {
    const foreign = [
      '',
      'hello',
      '{"at":"2026',
      '{"at":"never","text":"x","stream":"out"}',
      '2026-01-02 out x',
    ];
    for (const text of foreign)
      assert.deepEqual(decodeLine('a', text, 7), { at: 7, log: 'a', stream: 'note', text });
  });
});
