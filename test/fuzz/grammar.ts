/**
 * Messages that somebody might say who knows the protocol and means harm: every kind, with fields of the wrong type, huge
 * and negative numbers, streams and calls that nobody opened, names of prototypes, deep values, half a surrogate.
 */
import { nodeText } from '../../src/transports/node-text.ts';
import { createBinaryCodec } from '../../src/wire/binary.ts';
import { kindNumbers, type SaidKind } from '../../src/wire/binary-kinds.ts';
import type { CodecOptions } from '../../src/wire/dialect.ts';
import type { Message } from '../../src/wire/message.ts';
import type { Random } from '../stories/fixtures/random.ts';
import { Lent } from '../suites/notation.ts';
import { join } from './mutate.ts';
import { methodNames } from './service.ts';

const names = ['a', '', '__proto__', 'constructor', 'prototype', 'toString', 'then', 'toJSON', 'length', 'id', 'kindred:bytes',
  '_meta', 'é', '\ud800', '\0', 'hasOwnProperty', 'code', 'data', 'cause', 'errors', 'valueOf', '__defineGetter__']; // biome-ignore format: one list
const numbers = [0, 1, 2, 3, 5, -1, -0, 0.5, 63, 64, 65, 127, 255, 256, 65_535, 65_536, 2 ** 31, 2 ** 32, 2 ** 53 - 1, 2 ** 53,
  -(2 ** 53), 1e300, Number.MAX_VALUE, Number.MIN_VALUE, Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY]; // biome-ignore format: one list
const strings = [
  '',
  'x',
  'add',
  'echo',
  '2.0',
  '__proto__',
  '\ud800',
  '\udc00\ud800',
  'é漢😀',
  '\u2028',
  '\0',
  'x'.repeat(300),
];

const methods: readonly string[] = [
  ...methodNames,
  ...[
    'rpc.discover',
    'rpc.',
    '$/hello',
    '$/cancelRequest',
    '$/item',
    '$/meta',
    '$/x',
    'notifications/cancelled',
  ],
  ...[
    '__proto__',
    'constructor',
    'toString',
    'hasOwnProperty',
    'nested',
    'nested.__proto__',
    'nested.constructor',
    '',
    '.',
  ],
];

/** Mostly one of those that are in use. */
const someId = (random: Random): unknown =>
  random.int(4) > 0 ? 1 + random.int(6) : random.pick<unknown>([...numbers, ...strings, null, {}, [], true]);
const goodId = (random: Random): number => 1 + random.int(8);

/** A value of JSON, or (`structured`) of all that two Kindreds can say to each other. */
export function someValue(random: Random, structured: boolean, depth: number = 0): unknown {
  const scalar = (): unknown =>
    random.pick<unknown>([random.pick(numbers), random.pick(strings), null, true, false]);
  if (depth > 3 || random.int(3) === 0) return scalar();
  const inner = (): unknown => someValue(random, structured, depth + 1);
  const some = (): unknown[] => Array.from({ length: random.int(4) }, inner);
  switch (random.int(structured ? 18 : 5)) {
    case 0:
      return some();
    case 1: {
      const object = {};
      for (const value of some())
        Object.defineProperty(object, nameOf(random.pick(names), structured), {
          value,
          enumerable: true,
          configurable: true,
          writable: true,
        });
      return object;
    }
    case 2:
      return scalar();
    case 3: {
      if (random.int(6) > 0) return inner();
      let deep: unknown = scalar();
      for (let i = random.pick([10, 29, 30, 31, 32, 33, 34, 35, 509, 510, 511, 512, 513, 600]); i > 0; i--)
        deep = random.int(2) ? [deep] : { a: deep };
      return deep;
    }
    case 16:
    case 4: {
      if (random.int(2) === 0 || !structured) return strings.join('').repeat(random.int(3));
      return new Map(some().map((key) => [key, inner()]));
    }
    case 5:
      return new Set(some());
    case 6:
      return new Date(random.pick(numbers));
    case 7:
      return BigInt(random.pick([0, 1, -1, 2 ** 53])) ** BigInt(random.int(40));
    case 8:
      return new RegExp(
        random.pick(['a+', '(', '']) === '(' ? '\\(' : 'a',
        random.pick(['', 'g', 'dgimsuy']),
      );
    case 9:
      return new URL(random.pick(['a:b', 'http://x/?q#h']));
    case 10:
      return Object.assign(
        new (random.pick([Error, TypeError, RangeError]))(random.pick(strings), { cause: inner() }),
        {
          code: random.pick(strings),
        },
      );
    case 11:
      return new AggregateError(some(), random.pick(strings));
    case 12:
      return new (random.pick([Uint8Array, Int16Array, Float64Array, BigInt64Array]))(random.int(20));
    case 13:
      return undefined;
    case 14: {
      const cycle: unknown[] = some();
      cycle.push(cycle);
      return cycle;
    }
    default:
      return new Lent(random.pick(['function', 'stream', 'function', 'stream', 'handle']), goodId(random));
  }
}

/** One JSON text: a request, a response, a notification, a batch of them, or nothing of the kind. */
export function someJson(random: Random): string {
  const value = (): unknown => someValue(random, false);
  const maybe = (name: string, make: () => unknown, odds: number): string[] =>
    random.int(odds) === 0 ? [] : [`${JSON.stringify(name)}:${text(make())}`];
  const id = (): unknown => (random.int(5) > 0 ? goodId(random) : someId(random));
  const one = (): string => {
    const parts = maybe('jsonrpc', () => (random.int(12) > 0 ? '2.0' : value()), 20);
    switch (random.int(6)) {
      case 0:
        parts.push(...maybe('id', id, 10), ...maybe('result', value, 10));
        break;
      case 1: {
        const error = {
          code: random.pick([-32700, -32600, -32800, -32050, -32000, 7, 0.5, 'x']),
          message: value(),
          data: value(),
        };
        parts.push(
          ...maybe('id', id, 10),
          ...maybe('error', () => (random.int(4) ? { ...error, message: 'm' } : error), 10),
        );
        break;
      }
      case 2:
        parts.push(
          ...maybe('method', () => random.pick(['$/item', '$/hello', '$/cancelRequest', '$/meta']), 20),
        );
        parts.push(
          ...maybe(
            'params',
            () => ({
              id: id(),
              seq: random.pick([0, 1, 2, -1, 'x', 2 ** 53]),
              value: value(),
              version: random.pick([1, 2, 0, -1, 'x']),
              maxCalls: random.pick(numbers),
              maxMessageBytes: random.pick([1, 100, 2 ** 20, ...numbers]),
              _meta: random.int(2)
                ? { timeoutMs: random.pick(numbers), 'kindred/timeoutMs': random.pick(numbers) }
                : value(),
            }),
            10,
          ),
        );
        break;
      default:
        if (random.int(4) > 0) parts.push(...maybe('id', id, 10));
        parts.push(...maybe('method', () => (random.int(12) > 0 ? random.pick(methods) : value()), 20));
        parts.push(...maybe('params', () => (random.int(3) > 0 ? [value(), value()] : value()), 4));
    }
    if (random.int(10) === 0) parts.push(`${JSON.stringify(random.pick(names))}:${text(value())}`);
    return `{${parts.join(',')}}`;
  };
  switch (random.int(12)) {
    case 0:
      return text(value());
    case 1:
      return `[${Array.from({ length: random.int(6) }, one).join(',')}]`;
    default:
      return one();
  }
}

/** What `JSON.stringify` would bend is written as somebody else might. */
function text(value: unknown): string {
  if (typeof value === 'number' && !Number.isFinite(value)) return Number.isNaN(value) ? 'NaN' : '1e999';
  if (Object.is(value, -0)) return '-0';
  return JSON.stringify(value) ?? 'null';
}

const wide = { maxMessageBytes: 2 ** 24, maxDepth: 2000 };
const own = createBinaryCodec({
  mode: 'plain',
  limits: wide,
  text: nodeText,
  sink() {},
});
const ownCalls = createBinaryCodec({
  mode: 'calls',
  limits: wide,
  text: nodeText,
  sink() {},
});
const lend = (value: object): Lent['reference'] | undefined =>
  value instanceof Lent ? value.reference : undefined;

/** A value as it stands in a message of the binary dialect. */
function valueBytes(value: unknown): Uint8Array {
  const { chunks = [] } = own.encode({ kind: 'plain', value }, lend) ?? {};
  return spoken(join(...(chunks as Uint8Array[]))).subarray(4);
}

export function frame(head: number, fields: Uint8Array): Uint8Array {
  const { length } = fields;
  return join(Uint8Array.of(head, length & 0xff, (length >> 8) & 0xff, (length >> 16) & 0xff), fields);
}

/** A message of which each field is what it should be, though not always what makes sense. */
export function someMessage(random: Random): Message {
  const value = (): unknown => someValue(random, true);
  const id = (): number => goodId(random);
  const number = (): number => (random.int(3) > 0 ? random.int(100) : random.pick(numbers));
  const error = {
    code: random.pick([-32700, -32050, -32800, -32000, -32602, 7]),
    message: random.pick(strings),
    data: value(),
  };
  const ack = { id: id(), level: random.pick(['received', 'handled'] as const) };
  const messages: readonly (() => Message)[] = [
    () => ({ kind: 'call', id: id(), method: random.pick(methods), params: [value(), value()] }),
    () => ({
      kind: 'call',
      id: id(),
      method: random.pick(methods),
      params: [value()],
      meta: { timeoutMs: number() },
    }),
    () => ({
      kind: 'call',
      id: 10 + random.int(1e6),
      method: random.pick(methods),
      params: { a: value(), text: value() },
    }),
    () => ({ kind: 'call', id: id(), method: id(), params: [value()] }),
    () => ({
      kind: 'notify',
      method: random.pick(methods),
      params: [value()],
      ack: random.int(2) ? ack : undefined,
    }),
    () => ({ kind: 'result', id: id(), value: value() }),
    // What looks like a promise.
    () => ({ kind: 'result', id: id(), value: thenable(id()) }),
    () => ({
      kind: 'call',
      id: id(),
      method: random.pick(methods),
      params: [thenable(id())],
    }),
    () => ({
      kind: 'call',
      id: id(),
      method: random.pick(['back', 'tell']),
      params: [new Lent('function', id())],
    }),
    () => ({ kind: 'error', id: random.int(10) ? id() : null, error }),
    () => ({ kind: 'cancel', id: id() }),
    () => ({ kind: 'item', stream: id(), seq: random.int(3), value: value() }),
    () => ({ kind: 'end', stream: id() }),
    () => ({ kind: 'fail', stream: id(), error }),
    () => ({ kind: 'credit', stream: id(), items: number(), bytes: number() }),
    () => ({ kind: 'stop', stream: id() }),
    () => ({ kind: 'ping', id: number() }),
    () => ({ kind: 'pong', id: number(), delayMs: number() }),
    () => ({ kind: 'goaway', lastId: number(), reason: random.pick(strings) }),
    () => ({ kind: 'ack', ...ack, id: number() }),
    () => ({
      kind: 'hello',
      hello: { version: 1, maxCalls: number(), maxMessageBytes: number(), maxStreams: number() },
    }),
  ];
  return random.pick(messages)();
}

function somePlain(random: Random): Message {
  const ack = { id: goodId(random), level: random.pick(['received', 'handled'] as const) };
  return random.int(10) === 0
    ? { kind: 'ack', ...ack }
    : { kind: 'plain', value: someValue(random, true), ack: random.int(3) === 0 ? ack : undefined };
}

/** Around the bounds of a message, a frame and a buffer; two in a row, so that the second may spoil the first. */
function someLarge(random: Random, mode: CodecOptions['mode']): Uint8Array {
  const one = (): Uint8Array => {
    const size =
      random.pick([4000, 16_000, 16_300, 16_384, 20_000, 70_000, 131_000, 131_072, 200_000]) +
      random.int(100);
    const bytes = new Uint8Array(size).fill(random.int(256));
    const message: Message =
      mode === 'plain'
        ? { kind: 'plain', value: bytes }
        : { kind: 'call', id: 10 + random.int(1e6), method: 'echo', params: [bytes] };
    // A codec of its own, whose first frame has the prologue.
    const codec = createBinaryCodec({ mode, limits: wide, text: nodeText, sink() {} });
    const encoded = codec.encode(message);
    return encoded === undefined
      ? new Uint8Array(0)
      : join(...(codec.frame([encoded]) as Uint8Array[])).subarray(4);
  };
  return random.int(2) === 0 ? one() : join(one(), one());
}

/** Of the other end: whoever takes it for a promise waits for as long as that likes. */
function thenable(id: number): object {
  return { [unspoken]: new Lent('function', id) };
}

/** What stands for `then` until it is written: a writer of this project refuses a function of that name. */
const unspoken = 'thex';

function nameOf(name: string, structured: boolean): string {
  return structured && name === 'then' ? unspoken : name;
}

function spoken(bytes: Uint8Array): Uint8Array {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
  for (let at = buffer.indexOf(unspoken); at !== -1; at = buffer.indexOf(unspoken, at))
    buffer.write('then', at);
  return bytes;
}

/** The bytes of a frame of the binary dialect, or of the frames of a large message; prologue not included. */
export function someFrame(random: Random, mode: CodecOptions['mode']): Uint8Array {
  const codec = mode === 'plain' ? own : ownCalls;
  if (random.int(40) === 0) return someLarge(random, mode);
  if (random.int(3) > 0) {
    const message = mode === 'plain' ? somePlain(random) : someMessage(random);
    const { chunks = [] } = codec.encode(message, lend) ?? {};
    return spoken(join(...(chunks as Uint8Array[])));
  }
  const field = (): Uint8Array =>
    valueBytes(
      random.int(3) > 0
        ? random.pick<unknown>([someId(random), random.pick(strings)])
        : someValue(random, true),
    );
  const fields = join(...Array.from({ length: random.int(5) }, field));
  switch (random.int(8)) {
    // Pieces of large messages, begun or not.
    case 0: {
      const head = Buffer.alloc(9);
      head.writeUInt32LE(random.int(3));
      head[4] = random.pick([1, 3, 16, 30, 255]);
      head.writeUInt32LE(random.pick([0, 1, fields.length, fields.length + 100, 2 ** 20, 2 ** 32 - 1]), 5);
      return frame(30, join(head, fields));
    }
    case 1: {
      const head = Buffer.alloc(4);
      head.writeUInt32LE(random.int(3));
      return frame(31, join(head, fields));
    }
    case 2:
      return frame(random.int(256), fields);
    default: {
      const kind =
        mode === 'plain' && random.int(3) > 0 ? 'plain' : random.pick(Object.keys(kindNumbers) as SaidKind[]);
      return frame(kindNumbers[kind] | (random.int(3) === 0 ? random.int(8) << 5 : 0), fields);
    }
  }
}
