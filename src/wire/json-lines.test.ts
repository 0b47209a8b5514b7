import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { dialectSuite } from '../../test/suites/dialect.ts';
import { jsonDialect } from '../../test/suites/json-dialect.ts';
import { readVectors } from '../../test/suites/vectors.ts';
import { createJsonLinesCodec } from './json-lines.ts';
import { defaultLimits } from './limits.ts';
import type { Message } from './message.ts';
import { webText } from './text.ts';

dialectSuite({
  name: 'json-lines',
  create: createJsonLinesCodec,
  vectors: readVectors('json-lines'),
  malformed: [],
  ...jsonDialect,
});

describe('json-lines that goes on in binary', () => {
  const note: Message = { kind: 'notify', method: 'm', params: [] };
  const line = new TextEncoder().encode('{"jsonrpc":"2.0","method":"m"}\n');
  const mark = Uint8Array.of(0xff, 0x4b, 0x4e, 1, 10, 0xff, 123, 10);
  const open = (mode: 'calls' | 'plain' = 'calls') => {
    const heard: Message[] = [];
    const sink = (message: Message): void => void heard.push(message);
    return { codec: createJsonLinesCodec({ mode, limits: defaultLimits, text: webText, sink }), heard };
  };

  it('returns the rest from a byte 0xFF at the start of a line, wherever the chunks are cut', () => {
    const stream = Uint8Array.from([...line, ...line, ...mark]);
    for (let at = 0; at < stream.length; at++) {
      const { codec, heard } = open();
      const first = codec.push(stream.slice(0, at));
      const rest = first === undefined ? codec.push(stream.slice(at)) : [...first, ...stream.slice(at)];
      assert.deepEqual([...(rest ?? [])], [...mark], `cut at ${at}`);
      assert.deepEqual(heard, [note, note]);
    }
  });

  it('returns everything from a byte 0xFF at the very start', () => {
    assert.deepEqual(open().codec.push(mark), mark);
  });

  it('takes a byte 0xFF within a line for damage', () => {
    const { codec, heard } = open();
    assert.equal(codec.push(Uint8Array.of(0x20, 0xff, 10)), undefined);
    assert.equal(heard[0]?.kind, 'invalid');
  });

  it('never goes on in binary with plain messages', () => {
    assert.throws(() => open('plain').codec.push(Uint8Array.of(0xff, 10)), { code: 'ERR_PROTOCOL' });
  });
});
