import assert from 'node:assert/strict';
import { it } from 'node:test';
import { bytesOf } from '../../test/suites/dialect.ts';
import type { Codec, CodecOptions, Encoded } from './dialect.ts';
import { createJsonConcatCodec } from './json-concat.ts';
import { createJsonHeadersCodec } from './json-headers.ts';
import { createJsonLinesCodec } from './json-lines.ts';
import { defaultLimits } from './limits.ts';
import type { Message } from './message.ts';
import { webText } from './text.ts';

for (const create of [createJsonLinesCodec, createJsonHeadersCodec, createJsonConcatCodec]) {
  const open = (options: Partial<CodecOptions> = {}): { codec: Codec; heard: Message[] } => {
    const heard: Message[] = [];
    const sink = (message: Message): void => void heard.push(message);
    return {
      codec: create({ mode: 'calls', limits: defaultLimits, text: webText, sink, ...options }),
      heard,
    };
  };
  const { name } = open().codec;

  it(`carries what travels beside positional arguments to another Kindred in ${name}`, () => {
    const call: Message = {
      kind: 'call',
      id: 1,
      method: 'é',
      params: [1],
      meta: { timeoutMs: 5, baggage: 'é' },
    };
    const encoded = open({ mayBeKindred: () => true }).codec.encode(call) as Encoded;
    const bytes = bytesOf(open().codec.frame([encoded, encoded]));
    assert.equal(bytes.length, 2 * encoded.bytes);
    const { codec, heard } = open();
    codec.push(bytes);
    assert.deepEqual(heard, [call, call]);
    const plainly = bytesOf(open().codec.frame([open().codec.encode(call) as Encoded]));
    assert.ok(!new TextDecoder().decode(plainly).includes('$/'));
  });

  it(`puts many messages into one chunk, and very many into a few, in ${name}`, () => {
    const { codec } = open({ mode: 'plain' });
    const encoded = codec.encode({ kind: 'plain', value: 'x'.repeat(1000) }) as Encoded;
    assert.equal(codec.frame(new Array(100).fill(encoded)).length, 1);
    const chunks = codec.frame(new Array(5000).fill(encoded)).length;
    assert.ok(chunks > 1 && chunks < 10, `${chunks} chunks`);
    assert.deepEqual(codec.frame([]), []);
  });
}
