import assert from 'node:assert/strict';
import { it } from 'node:test';
import { bytesOf, readFile } from '../../test/suites/vectors.ts';
import { chooseDialect } from './choose.ts';

const choose = (start: string | number[]) =>
  chooseDialect(typeof start === 'string' ? new TextEncoder().encode(start) : Uint8Array.from(start));

it('takes an object, an array or white space for json-lines', () => {
  for (const start of ['{', '[', ' ', '\t', '\r', '\n', '{"jsonrpc":"2.0"}\n', '\r\n{}'])
    assert.equal(choose(start), 'json-lines', start);
});

it('takes a content header for json-headers, in any case and however much of it is there', () => {
  const header = 'Content-Length: 5\r\n\r\n';
  for (let end = 1; end <= header.length; end++) {
    assert.equal(choose(header.slice(0, end)), 'json-headers', header.slice(0, end));
    assert.equal(choose(header.slice(0, end).toUpperCase()), 'json-headers');
    assert.equal(choose(header.slice(0, end).toLowerCase()), 'json-headers');
  }
  assert.equal(choose('Content-Type: text/plain'), 'json-headers');
});

it('takes a byte that UTF-8 never holds for binary', () => {
  assert.equal(choose([0xff]), 'binary');
  assert.equal(choose([0xff, 0x4b, 0x4e, 0x01]), 'binary');
});

it('knows HTTP, CONNECT too', () => {
  const lines = [
    'GET / HTTP/1.1\r\n',
    'POST /rpc',
    'CONNECT a:1',
    'OPTIONS *',
    'PRI * HTTP/2.0',
    'CHECKOUT /x',
  ];
  for (const start of lines) assert.equal(choose(start), 'http', start);
  for (const start of ['G', 'PO', 'DELETE', 'COPY']) assert.equal(choose(start), 'http', start);
});

it('finds nothing in anything else', () => {
  for (const start of [
    '',
    'hello\n',
    'HELLO\n',
    'Hello',
    'close',
    '"text"',
    '1',
    'true',
    'null',
    '\ufeff{}',
    '\0',
  ])
    assert.equal(choose(start), undefined, start);
  for (const start of [[0xfe], [0x16, 0x03, 0x01], [0x80]]) assert.equal(choose(start), undefined);
});

for (const { text, hex, dialect } of readFile<{ text?: string; hex?: string; dialect: string | null }>(
  'choose',
))
  it(`takes ${JSON.stringify(text ?? hex)} for ${dialect ?? 'nothing'}`, () => {
    assert.equal(chooseDialect(bytesOf({ text, hex })) ?? null, dialect);
  });
