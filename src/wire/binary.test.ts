import { describe } from 'node:test';
import fc from 'fast-check';
import { dialectSuite } from '../../test/suites/dialect.ts';
import { nodeText } from '../transports/node-text.ts';
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

describe('binary', () => {
  dialectSuite({
    name: 'binary',
    create: createBinaryCodec,
    text: nodeText,
    messages,
    plainKinds: ['hello', 'ack', 'ping', 'pong', 'goaway'],
    unsaid: [{ kind: 'invalid', id: null, error: { code: -32700, message: 'no' } }],
    values: fc.anything({
      withBigInt: true,
      withDate: true,
      withMap: true,
      withSet: true,
      withTypedArray: true,
      withNullPrototype: false,
    }),
    unsayable: [
      { title: 'a symbol', value: Symbol('x') },
      { title: 'a function', value: () => {} },
    ],
    malformed: [],
  });
});
