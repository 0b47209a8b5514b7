import assert from 'node:assert/strict';
import { it } from 'node:test';
import { dialectSuite } from '../../test/suites/dialect.ts';
import { jsonDialect } from '../../test/suites/json-dialect.ts';
import { readVectors } from '../../test/suites/vectors.ts';
import { createJsonHeadersCodec, maxHeaderBytes } from './json-headers.ts';
import { defaultLimits } from './limits.ts';
import { webText } from './text.ts';

dialectSuite({
  name: 'json-headers',
  create: createJsonHeadersCodec,
  vectors: readVectors('json-headers'),
  malformed: [],
  ...jsonDialect,
});

it('takes a header section of maxHeaderBytes, and refuses one byte more before its end is seen', () => {
  const push = (header: string): number => {
    let heard = 0;
    const sink = (): void => void heard++;
    const codec = createJsonHeadersCodec({ mode: 'plain', limits: defaultLimits, text: webText, sink });
    codec.push(new TextEncoder().encode(header));
    return heard;
  };
  const length = 'Content-Length: 2\r\n';
  const long = (bytes: number): string => `X-Long: ${'x'.repeat(bytes - 'X-Long: \r\n'.length)}\r\n`;
  const most = maxHeaderBytes - length.length - 2;
  assert.equal(push(`${length}${long(most)}\r\n{}`), 1);
  assert.throws(() => push(`${length}${long(most + 1)}\r\n`), {
    code: 'ERR_LIMIT',
    message: /maxHeaderBytes \(8192\)/,
  });
  assert.throws(() => push('x'.repeat(8193)), { code: 'ERR_LIMIT' });
  assert.throws(() => push('a: b\r\n'.repeat(1366)), { code: 'ERR_LIMIT' });
});
