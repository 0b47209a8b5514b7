import fc from 'fast-check';
import { nodeText } from '../../test/suites/binary-channel.ts';
import { type DialectUnderTest, dialectSuite } from '../../test/suites/dialect.ts';
import { readBinaryVectors } from '../../test/suites/notation.ts';
import { createBinaryCodec } from './binary.ts';
import type { Message } from './message.ts';

const messages: Message[] = [
  { kind: 'call', id: 1, method: 'add', params: [1, 2] },
  { kind: 'call', id: 'x', method: 'add', params: { a: 1, b: [undefined, null] } },
  { kind: 'call', id: null, method: '', params: [] },
  { kind: 'call', id: -1.5, method: 7, params: ['lent'], meta: { timeoutMs: 1000 } },
  { kind: 'call', id: 2 ** 40, method: 'é', params: {}, meta: { timeoutMs: 1, traceparent: '00-1-2-01' } },
  { kind: 'call', id: 3, method: 'm', params: [], meta: {} },
  { kind: 'notify', method: 'log', params: ['hello'] },
  { kind: 'notify', method: 'log', params: [], ack: { id: 4, level: 'handled' } },
  { kind: 'notify', method: 'log', params: [], meta: { timeoutMs: 2.5 }, ack: { id: 4, level: 'received' } },
  { kind: 'result', id: 1, value: { id: 1, text: 'x' } },
  { kind: 'result', id: 1, value: undefined },
  { kind: 'error', id: 1, error: { code: -32601, message: 'no such method' } },
  { kind: 'error', id: null, error: { code: -32000, message: 'it failed', data: { code: 'ERR_REMOTE' } } },
  { kind: 'cancel', id: 1 },
  { kind: 'item', stream: 1, seq: 0, value: [1, 'a'] },
  { kind: 'end', stream: 1 },
  { kind: 'fail', stream: 'x', error: { code: -32000, message: 'it failed', data: null } },
  { kind: 'credit', stream: 1, items: 64, bytes: 2 ** 33 },
  { kind: 'stop', stream: 1 },
  { kind: 'ping', id: 1 },
  { kind: 'pong', id: 1, delayMs: 0.25 },
  { kind: 'goaway', lastId: 17, reason: 'reload' },
  { kind: 'ack', id: 9, level: 'received' },
  { kind: 'hello', hello: { version: 1, maxCalls: 1024, maxMessageBytes: 2 ** 26, more: ['later'] } },
];

const unsayable: DialectUnderTest['unsayable'] = [
  { title: 'a symbol', value: Symbol('x') },
  { title: 'a function', value: () => {} },
  { title: 'a class', value: class {} },
  { title: 'an async iterable', value: { async *[Symbol.asyncIterator]() {} } },
  { title: 'an async generator', value: (async function* () {})() },
  { title: 'a generator', value: (function* () {})() },
  { title: 'an iterator', value: [].values() },
  { title: 'an iterator of a map', value: new Map().entries() },
  { title: 'a ReadableStream', value: new ReadableStream() },
  { title: 'a WritableStream', value: new WritableStream() },
  { title: 'a TransformStream', value: new TransformStream() },
  { title: 'a Promise', value: Promise.resolve() },
  { title: 'a WeakMap', value: new WeakMap() },
  { title: 'a WeakSet', value: new WeakSet() },
  { title: 'a WeakRef', value: new WeakRef({}) },
  { title: 'a FinalizationRegistry', value: new FinalizationRegistry(() => {}) },
  { title: 'a SharedArrayBuffer', value: new SharedArrayBuffer(1) },
  { title: 'a boxed number', value: Object(1) },
  { title: 'a boxed string', value: Object('x') },
  { title: 'a boxed boolean', value: Object(true) },
  { title: 'a boxed BigInt', value: Object(1n) },
  { title: 'a boxed symbol', value: Object(Symbol('x')) },
  { title: 'an AbortSignal', value: AbortSignal.timeout(1) },
  { title: 'an AbortController', value: new AbortController() },
  { title: 'a Blob', value: new Blob(['x']) },
  { title: 'a File', value: new File(['x'], 'x') },
  { title: 'a FormData', value: new FormData() },
  { title: 'a Headers', value: new Headers() },
  { title: 'a URLSearchParams', value: new URLSearchParams('a=1') },
  { title: 'a Response', value: new Response() },
];

const everything = fc.anything({
  key: fc.string({ unit: 'binary', maxLength: 12 }),
  values: [
    fc.boolean(),
    fc.integer(),
    fc.maxSafeInteger(),
    fc.double(),
    fc.string({ unit: 'binary' }),
    fc.string({ maxLength: 200 }),
    fc.bigInt(),
    // Invalid dates are left out: `deepEqual` of Node.js 22 takes no two of them for equal.
    fc.date({ noInvalidDate: true }),
    fc.uint8Array(),
    fc.constantFrom(
      null,
      undefined,
      -0,
      '\ud800',
      'a\udfff',
      new URL('http://localhost/'),
      /x/g,
      new TypeError('x'),
    ),
  ],
  maxDepth: 4,
  withBigInt: true,
  withDate: true,
  withMap: true,
  withSet: true,
  withTypedArray: true,
  withUnicodeString: true,
});

const cases = ['values', 'messages', 'streams', 'malformed'].flatMap((name) =>
  readBinaryVectors(`binary-${name}`),
);

dialectSuite({
  name: 'binary',
  create: createBinaryCodec,
  text: nodeText,
  messages,
  plainKinds: ['hello', 'ack', 'ping', 'pong', 'goaway'],
  unsaid: [
    { kind: 'plain', value: 1 },
    { kind: 'invalid', id: null, error: { code: -32700, message: 'no' } },
  ],
  values: everything,
  unsayable,
  malformed: [],
  vectors: cases,
});
