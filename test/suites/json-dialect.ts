/** What all JSON dialects say and refuse: the part of their conformance tests that does not depend on the framing. */
import fc from 'fast-check';
import type { Message } from '../../src/wire/message.ts';
import type { DialectUnderTest } from './dialect.ts';

const messages: readonly Message[] = [
  { kind: 'call', id: 1, method: 'add', params: [1, 2] },
  { kind: 'call', id: 'é漢😀', method: 'named', params: { é: '漢', b: [] } },
  { kind: 'call', id: null, method: '', params: [] },
  { kind: 'call', id: -1.5, method: 'rpc.discover', params: {} },
  {
    kind: 'call',
    id: 2,
    method: 'm',
    params: { a: 1 },
    meta: { timeoutMs: 500, traceparent: '00-1-2-00' },
  },
  { kind: 'call', id: 3, method: '$/unknown', params: [] },
  { kind: 'notify', method: 'changed', params: ['file'] },
  { kind: 'notify', method: 'changed', params: { name: 'file' }, meta: { baggage: 'a=b' } },
  { kind: 'notify', method: 'changed', params: [] },
  { kind: 'result', id: 1, value: 3 },
  { kind: 'result', id: 'a', value: null },
  { kind: 'result', id: 2, value: { text: 'line\nline\r\n\u2028', list: [[], {}, ''] } },
  { kind: 'error', id: 1, error: { code: -32601, message: 'no such method' } },
  { kind: 'error', id: null, error: { code: -32000, message: 'é', data: { name: 'TypeError' } } },
  { kind: 'error', id: 1, error: { code: -32000, message: '', data: null } },
  { kind: 'cancel', id: 1 },
  { kind: 'cancel', id: 'a' },
  { kind: 'item', stream: 1, seq: 0, value: { n: 3 } },
  { kind: 'item', stream: 'a', seq: 1, value: null },
  { kind: 'hello', hello: { version: 1, maxCalls: 1024, maxMessageBytes: 65536, later: { more: true } } },
];

const unsaid: readonly Message[] = [
  { kind: 'end', stream: 1 },
  { kind: 'fail', stream: 1, error: { code: -32000, message: 'no' } },
  { kind: 'credit', stream: 1, items: 1, bytes: 1 },
  { kind: 'stop', stream: 1 },
  { kind: 'ping', id: 1 },
  { kind: 'pong', id: 1, delayMs: 0 },
  { kind: 'goaway', lastId: 1, reason: 'bye' },
  { kind: 'ack', id: 1, level: 'received' },
  { kind: 'plain', value: 1 },
];

class Money {
  amount = undefined;
}

const cycle: unknown[] = [];
cycle.push({ cycle });

const unsayable: DialectUnderTest['unsayable'] = [
  { title: 'undefined', value: undefined },
  { title: 'NaN', value: Number.NaN },
  { title: 'an infinity', value: Number.NEGATIVE_INFINITY },
  { title: 'a BigInt', value: 1n },
  { title: 'a symbol', value: Symbol('s') },
  { title: 'a function', value: () => 1 },
  { title: 'a class', value: Money },
  { title: 'a Date', value: new Date(0) },
  { title: 'a Map', value: new Map([[1, 2]]) },
  { title: 'a Set', value: new Set([1]) },
  { title: 'a RegExp', value: /x/ },
  { title: 'a URL', value: new URL('http://localhost/') },
  { title: 'a Uint8Array', value: Uint8Array.of(1) },
  { title: 'a Buffer', value: Buffer.from('x') },
  { title: 'a Float64Array', value: Float64Array.of(1) },
  { title: 'a DataView', value: new DataView(new ArrayBuffer(1)) },
  { title: 'an ArrayBuffer', value: new ArrayBuffer(1) },
  { title: 'a SharedArrayBuffer', value: new SharedArrayBuffer(1) },
  { title: 'an Error', value: new TypeError('x') },
  {
    title: 'an Error with a toJSON',
    value: Object.assign(new Error('x'), { toJSON: () => 'x' }),
  },
  { title: 'a promise', value: Promise.resolve(1) },
  { title: 'a generator', value: [].values() },
  { title: 'an async generator', value: (async function* () {})() },
  { title: 'an async iterable', value: { [Symbol.asyncIterator]: () => ({}) } },
  { title: 'a ReadableStream', value: new ReadableStream() },
  { title: 'a platform object', value: new Headers({ a: 'b' }) },
  { title: 'a boxed number', value: Object(1) },
  { title: 'a boxed string', value: Object('s') },
  { title: 'a cycle', value: cycle },
  { title: 'a revoked proxy', value: revoked() },
  {
    title: 'what a getter throws',
    value: {
      get bad(): never {
        throw new Error('x');
      },
    },
  },
  {
    title: 'what a toJSON throws',
    value: {
      toJSON: (): never => {
        throw new Error('x');
      },
    },
  },
  { title: 'a toJSON that gives undefined', value: { toJSON: () => undefined } },
  { title: 'a toJSON that gives a Date', value: { toJSON: () => new Date(0) } },
];

function revoked(): object {
  const { proxy, revoke } = Proxy.revocable({}, {});
  revoke();
  return proxy;
}

export const jsonDialect: Pick<DialectUnderTest, 'messages' | 'unsaid' | 'values' | 'unsayable'> = {
  messages,
  unsaid,
  values: fc.oneof(
    fc.jsonValue(),
    fc.jsonValue({ stringUnit: 'binary', maxDepth: 6 }),
    fc.constantFrom(-0, 1e21, 5e-324, Number.MAX_SAFE_INTEGER, '\ud800', '\udc00\ud800', '\\', '"', '\u0000'),
  ),
  unsayable,
};
