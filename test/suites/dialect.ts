/**
 * The one conformance suite of dialects: what every `Codec` promises, whatever its bytes look like.
 *
 * A dialect's test hands in how to make its codec and what it can say; the suite does the rest:
 * ```ts
 * dialectSuite({ name: 'json-lines', create: createJsonLinesCodec, messages, unsaid, values, unsayable, malformed });
 * ```
 * One file, long as it is: the tests share what they make of a dialect under test, and a reader of a failure has one place
 * to look. It stays out of `src`: the set of dialects is closed, so nobody outside of the project needs it, and it may use
 * fast-check. Random tests print their seed; `KINDRED_SEED=n` repeats a run.
 */
import assert from 'node:assert/strict';
import { describe, it, type TestContext } from 'node:test';
import { inspect } from 'node:util';
import fc from 'fast-check';
import { type ErrorCode, KindredError } from '../../src/base/errors.ts';
import { joinBytes } from '../../src/base/join-bytes.ts';
import type { Chunk, Codec, CodecOptions, DialectName, Encoded } from '../../src/wire/dialect.ts';
import type { Message } from '../../src/wire/message.ts';
import { type Text, webText } from '../../src/wire/text.ts';
import type { Vector } from './vectors.ts';

export interface DialectUnderTest {
  name: DialectName;
  create: (options: CodecOptions) => Codec;
  /** Default `webText`. */
  text?: Text;
  /** Bytes in front of the first message, where the codec itself neither writes nor expects them as a message. */
  prologue?: Uint8Array;
  /** Messages of the mode `calls`, at least one of every kind that the dialect can say; each arrives deeply equal. */
  messages: readonly Message[];
  /** Messages of the mode `calls` for which there is nothing to write. */
  unsaid?: readonly Message[];
  /** Kinds of `messages` that are said in the mode `plain` too. Default: none. */
  plainKinds?: readonly Message['kind'][];
  /** Values that arrive as what they were. */
  values: fc.Arbitrary<unknown>;
  /** Values that the dialect refuses, also deep within others. */
  unsayable: readonly { title: string; value: unknown }[];
  /** Bytes and what is heard of them, from files of test/vectors. */
  vectors?: readonly Vector[];
  /** More of these, malformed above all. */
  malformed: readonly Malformed[];
}

/** What arrives and must not. It is tried whole, cut at every offset and byte by byte, always with the same outcome. */
export interface Malformed {
  title: string;
  /** Default: tried in both modes. */
  mode?: 'calls' | 'plain';
  bytes: string | Uint8Array;
  limits?: Partial<CodecOptions['limits']>;
  /** The stream ends after the bytes. */
  end?: boolean;
  /** The messages handed over (before the error, if any). Default: none. */
  gives?: readonly Message[];
  /** The code of the error thrown; absent: none is thrown and the stream goes on. */
  throws?: ErrorCode;
  /** What the message of the thrown error says. */
  says?: RegExp;
}

/** A message as it was handed to the sink. */
interface Heard {
  message: Message;
  bytes: number;
}

type Mode = CodecOptions['mode'];

const MiB = 1024 * 1024;
const wide: CodecOptions['limits'] = { maxMessageBytes: 64 * MiB, maxDepth: 512 };
const encoder = new TextEncoder();

export function dialectSuite(dialect: DialectUnderTest): void {
  const text = dialect.text ?? webText;
  const prologue = dialect.prologue ?? new Uint8Array(0);

  function open(mode: Mode, limits: Partial<CodecOptions['limits']> = {}): { codec: Codec; heard: Heard[] } {
    const heard: Heard[] = [];
    const codec = dialect.create({
      mode,
      limits: { ...wide, ...limits },
      text,
      sink: (message, bytes) => heard.push({ message, bytes }),
    });
    return { codec, heard };
  }

  /** The bytes of a stream that says these messages, from its first byte on. */
  function streamOf(mode: Mode, messages: readonly Message[]): Uint8Array {
    const { codec } = open(mode);
    const encoded = messages.map((message) => said(codec, message));
    return joinBytes([prologue, bytesOf(codec.frame(encoded), text)]);
  }

  function hear(mode: Mode, chunks: Iterable<Uint8Array>, limits?: Partial<CodecOptions['limits']>): Heard[] {
    const { codec, heard } = open(mode, limits);
    for (const chunk of chunks) feed(codec, chunk);
    return heard;
  }

  const plain = (value: unknown): Message => ({ kind: 'plain', value });
  const values = (...list: unknown[]): Message[] => list.map(plain);
  const modes: readonly { mode: Mode; messages: readonly Message[] }[] = [
    { mode: 'calls', messages: dialect.messages },
    { mode: 'plain', messages: values({ a: [1, 'é漢😀', null, true] }, [], 'text', {}, [[], {}, '']) },
  ];

  describe(`the dialect ${dialect.name}`, () => {
    it('says its name', () => {
      assert.equal(open('calls').codec.name, dialect.name);
    });

    for (const message of dialect.messages)
      it(`carries the message ${short(message)}`, () => {
        assert.deepEqual(messagesOf(hear('calls', [streamOf('calls', [message])])), [message]);
      });

    for (const message of dialect.unsaid ?? [])
      it(`writes nothing for the message ${short(message)}`, () => {
        assert.equal(open('calls').codec.encode(message), undefined);
      });

    it('writes only messages of kind plain in the mode plain', () => {
      for (const message of dialect.messages) {
        if (dialect.plainKinds?.includes(message.kind)) continue;
        assert.equal(open('plain').codec.encode(message), undefined);
      }
    });

    for (const { mode, messages } of modes) {
      const stream = streamOf(mode, messages);

      it(`hears many messages in one chunk, in order (${mode})`, () => {
        assert.deepEqual(messagesOf(hear(mode, [stream])), messages);
      });

      it(`hears the same wherever the stream is cut (${mode})`, () => {
        for (let at = 0; at <= stream.length; at++)
          assert.deepEqual(
            messagesOf(hear(mode, [stream.subarray(0, at), stream.subarray(at)])),
            messages,
            `cut at ${at}`,
          );
      });

      it(`hears the same byte by byte (${mode})`, () => {
        assert.deepEqual(messagesOf(hear(mode, byteByByte(stream))), messages);
      });

      it(`hears the first messages before the last has come (${mode})`, () => {
        const { codec, heard } = open(mode);
        feed(codec, stream.subarray(0, stream.length - 1));
        assert.deepEqual(messagesOf(heard).slice(0, messages.length - 1), messages.slice(0, -1));
      });

      it(`frames messages together or one by one to the same meaning (${mode})`, () => {
        const { codec } = open(mode);
        const single = messages.map((message) => bytesOf(codec.frame([said(codec, message)]), text));
        assert.deepEqual(messagesOf(hear(mode, [joinBytes([prologue, ...single])])), messages);
      });

      it(`tells a message's size as its limit counts it, however it is cut (${mode})`, () => {
        const whole = hear(mode, [stream]);
        assert.deepEqual(hear(mode, byteByByte(stream)), whole);
        for (const { bytes } of whole) assert.ok(bytes > 0);
      });

      it(`takes a message of maxMessageBytes and one byte less, and refuses one more, both ways (${mode})`, () => {
        for (const message of messages) {
          const bytes = hear(mode, [streamOf(mode, [message])])[0]?.bytes as number;
          assertLimit(mode, message, 'maxMessageBytes', bytes);
        }
      });

      it(`refuses a message too large before its end is seen (${mode})`, () => {
        const message: Message =
          mode === 'plain'
            ? plain('x'.repeat(100_000))
            : { kind: 'notify', method: 'm', params: ['x'.repeat(100_000)] };
        const whole = streamOf(mode, [message]);
        const { codec, heard } = open(mode, { maxMessageBytes: 10_000 });
        assertThrows(
          () => feed(codec, whole.subarray(0, 20_000)),
          'ERR_LIMIT',
          /maxMessageBytes.*10000|10000.*maxMessageBytes/,
        );
        assert.deepEqual(heard, []);
      });

      it(`refuses the end of the stream in the middle of a message (${mode})`, () => {
        for (const message of messages) {
          if (mode === 'plain' && !isContainer(message)) continue;
          const one = streamOf(mode, [message]);
          for (let at = prologue.length; at <= one.length; at++) {
            const { codec, heard } = open(mode);
            feed(codec, one.subarray(0, at));
            const ended = outcomeOf(() => codec.end());
            if (ended === undefined)
              assert.deepEqual(
                messagesOf(heard),
                at === prologue.length ? [] : [message],
                `ended at ${at} of ${one.length}`,
              );
            else {
              assert.equal(ended.code, 'ERR_PROTOCOL', `ended at ${at} of ${one.length}`);
              assert.notEqual(at, one.length);
              assert.deepEqual(heard, []);
            }
          }
        }
      });

      it(`is dead after a broken limit (${mode})`, () => {
        const messageOf = (text: string): Message =>
          mode === 'plain' ? plain(text) : { kind: 'notify', method: 'm', params: [text] };
        const [large, small] = ['x'.repeat(2000), 'x'].map((text) => streamOf(mode, [messageOf(text)]));
        const { codec, heard } = open(mode, { maxMessageBytes: 1000 });
        assertThrows(() => feed(codec, large as Uint8Array), 'ERR_LIMIT');
        assert.throws(() => feed(codec, (small as Uint8Array).subarray(prologue.length)), KindredError);
        assert.throws(() => codec.end(), KindredError);
        assert.deepEqual(heard, []);
      });
    }

    /** The limit at -1, 0 and +1 of what this message needs, on both sides. */
    function assertLimit(
      mode: Mode,
      message: Message,
      limit: keyof CodecOptions['limits'],
      needs: number,
    ): void {
      const stream = streamOf(mode, [message]);
      const names = new RegExp(`${limit}.*\\b${needs - 1}\\b`);
      for (const max of [needs, needs + 1]) {
        const limits = { [limit]: max };
        assert.deepEqual(messagesOf(hear(mode, [stream], limits)), [message]);
        assert.deepEqual(messagesOf(hear(mode, byteByByte(stream), limits)), [message]);
        assert.notEqual(open(mode, limits).codec.encode(message), undefined);
      }
      const limits = { [limit]: needs - 1 };
      for (const chunks of [[stream], [...byteByByte(stream)]]) {
        const { codec, heard } = open(mode, limits);
        const feedAll = (): void => {
          for (const chunk of chunks) feed(codec, chunk);
        };
        assertThrows(feedAll, 'ERR_LIMIT', names);
        assert.deepEqual(heard, []);
      }
      const { codec } = open(mode, limits);
      assertThrows(() => codec.encode(message), 'ERR_LIMIT', names);
    }

    for (const depth of [1, 3, 64, 512])
      it(`takes a value of maxDepth ${depth} and refuses one deeper, both ways`, () => {
        const nests = [nest(depth, 'array'), nest(depth, 'object'), [1, nest(depth - 1, 'array'), 2]];
        for (const value of nests) {
          assertLimit('plain', plain(value), 'maxDepth', depth);
          assertLimit('calls', { kind: 'call', id: 1, method: 'm', params: [0, value] }, 'maxDepth', depth);
          assertLimit('calls', { kind: 'notify', method: 'm', params: { value } }, 'maxDepth', depth);
          assertLimit('calls', { kind: 'result', id: 1, value }, 'maxDepth', depth);
        }
      });

    it('refuses a value of absurd depth on the way in, in good time', () => {
      const value = nest(2_000, 'array');
      const { codec } = open('plain', { maxDepth: 3_000 });
      const stream = joinBytes([prologue, bytesOf(codec.frame([said(codec, plain(value))]), text)]);
      assertThrows(() => hear('plain', [stream]), 'ERR_LIMIT', /maxDepth.*512/);
    });

    it('tells the bytes of an encoded message truly', () => {
      for (const { mode, messages } of modes) {
        const { codec } = open(mode);
        for (const message of messages) {
          const encoded = said(codec, message);
          assert.equal(encoded.bytes, bytesOf(encoded.chunks, text).length);
        }
      }
    });

    it('keeps characters whole wherever their bytes are cut', () => {
      const strings = [
        'é',
        '漢字',
        '😀',
        'a\u0000b',
        '\u2028\u2029',
        '\\"\\\\',
        '\ufeff',
        '\r\n\t',
        'ÿ\u0080',
      ];
      const stream = streamOf('plain', values(...strings));
      for (let at = 0; at <= stream.length; at++)
        assert.deepEqual(
          messagesOf(hear('plain', [stream.subarray(0, at), stream.subarray(at)])),
          values(...strings),
        );
      assert.deepEqual(messagesOf(hear('plain', byteByByte(stream))), values(...strings));
    });

    it('lets no key of an object reach a prototype', () => {
      const evil = JSON.parse(
        '{"__proto__":{"polluted":1},"constructor":{"prototype":{"polluted":1}},"a":{"__proto__":null}}',
      );
      const [heard] = messagesOf(hear('plain', [streamOf('plain', values(evil))]));
      const arrived = (heard as Extract<Message, { kind: 'plain' }>).value as Record<string, unknown>;
      assert.equal(Object.getPrototypeOf(arrived), Object.prototype);
      assert.equal(arrived.polluted, undefined);
      assert.deepEqual(Object.getOwnPropertyDescriptor(arrived, '__proto__')?.value, { polluted: 1 });
      assert.deepEqual(Object.keys(arrived), ['__proto__', 'constructor', 'a']);
      assert.equal(Object.hasOwn(arrived.a as object, '__proto__'), true);
      assert.equal(({} as Record<string, unknown>).polluted, undefined);

      const call: Message = { kind: 'call', id: 1, method: '__proto__', params: evil };
      const [asCall] = messagesOf(hear('calls', [streamOf('calls', [call])]));
      const { params } = asCall as Extract<Message, { kind: 'call' }>;
      assert.equal(Object.getPrototypeOf(params), Object.prototype);
      assert.deepEqual(Object.keys(params), ['__proto__', 'constructor', 'a']);
    });

    for (const { title, value } of dialect.unsayable)
      it(`refuses ${title}, naming its path`, () => {
        const { codec } = open('plain');
        assertThrows(
          () => codec.encode(plain({ list: [0, value] })),
          'ERR_NOT_ENCODABLE',
          /(^|[^\w])list\[1\]/,
        );
        const calls = open('calls').codec;
        assertThrows(
          () => calls.encode({ kind: 'call', id: 1, method: 'm', params: [0, { 'a b': { c: value } }] }),
          'ERR_NOT_ENCODABLE',
          /params\[1\]\["a b"\]\.c/,
        );
        assertThrows(
          () => calls.encode({ kind: 'notify', method: 'm', params: { named: value } }),
          'ERR_NOT_ENCODABLE',
          /params\.named/,
        );
        assertThrows(
          () => calls.encode({ kind: 'result', id: 1, value: [value] }),
          'ERR_NOT_ENCODABLE',
          /result\[0\]/,
        );
        // And has changed nothing: what is said next is said as if it had never been tried.
        const again = bytesOf(codec.frame([said(codec, plain([1]))]), text);
        assert.deepEqual(messagesOf(hear('plain', [joinBytes([prologue, again])])), values([1]));
      });

    for (const malformed of dialect.malformed) hears(malformed.title, malformed);
    for (const vector of dialect.vectors ?? []) {
      hears(`hears ${vector.title}`, { ...vector, gives: vector.messages });
      if (vector.canonical !== true) continue;
      it(`writes ${vector.title}`, () => {
        const mode = vector.mode ?? 'calls';
        assert.deepEqual(streamOf(mode, vector.messages), joinBytes([prologue, vector.bytes]));
      });
    }

    function hears(promise: string, given: Malformed): void {
      const bytes = typeof given.bytes === 'string' ? encoder.encode(given.bytes) : given.bytes;
      for (const mode of given.mode === undefined ? (['calls', 'plain'] as const) : [given.mode])
        it(`${promise} (${mode})`, () => {
          for (const { how, chunks } of waysToCut(bytes)) {
            const { codec, heard } = open(mode, given.limits);
            const error = outcomeOf(() => {
              for (const chunk of chunks) feed(codec, chunk);
              if (given.end === true) codec.end();
            });
            assert.equal(error?.code, given.throws, `${how}: ${error?.stack}`);
            if (given.says !== undefined) assert.match(error?.message ?? '', given.says, how);
            const messages = messagesOf(heard);
            const expected = given.gives ?? [];
            assert.deepEqual(messages.map(withoutWords), expected.map(withoutWords), how);
            for (const message of messages)
              if (message.kind === 'invalid') assert.ok(message.error.message.length > 0);
          }
        });
    }

    it('carries any value in any chunks', (t) => {
      const property = fc.property(
        fc.array(dialect.values, { minLength: 1, maxLength: 5 }),
        fc.infiniteStream(fc.integer({ min: 1, max: 40 })),
        (list, sizes) => {
          const stream = streamOf('plain', values(...list));
          const messages = hear('plain', cutBy(stream, sizes));
          assert.deepEqual(messagesOf(messages), values(...list));
        },
      );
      check(t, property);
    });

    it('carries any value as an argument, a named one and a result', (t) => {
      const property = fc.property(dialect.values, fc.string(), fc.integer(), (value, name, id) => {
        const messages: Message[] = [
          { kind: 'call', id, method: name.startsWith('$/') ? 'm' : name, params: [value, 0] },
          { kind: 'notify', method: 'm', params: { [name === '_meta' ? 'meta' : name]: value } },
          { kind: 'result', id: String(id), value: [value] },
          { kind: 'error', id, error: { code: -32000, message: name, data: [value] } },
        ];
        assert.deepEqual(messagesOf(hear('calls', [streamOf('calls', messages)])), messages);
      });
      check(t, property);
    });

    it('meets any damage with messages or a KindredError, never with anything else', (t) => {
      const stream = {
        calls: streamOf('calls', modes[0]?.messages ?? []),
        plain: streamOf('plain', modes[1]?.messages ?? []),
      };
      const property = fc.property(
        fc.constantFrom<Mode>('calls', 'plain'),
        fc.array(
          fc.tuple(fc.nat(), fc.integer({ min: 0, max: 255 }), fc.constantFrom('set', 'drop', 'add')),
          {
            minLength: 1,
            maxLength: 4,
          },
        ),
        fc.infiniteStream(fc.integer({ min: 1, max: 60 })),
        (mode, damages, sizes) => {
          const bytes = [...stream[mode]];
          for (const [at, byte, what] of damages)
            bytes.splice(at % bytes.length, what === 'add' ? 0 : 1, ...(what === 'drop' ? [] : [byte]));
          const { codec } = open(mode, { maxMessageBytes: 10_000 });
          outcomeOf(() => {
            for (const chunk of cutBy(Uint8Array.from(bytes), sizes))
              if (feed(codec, chunk) !== undefined) return;
            codec.end();
          });
        },
      );
      check(t, property, 500);
    });

    it('meets any bytes with messages or a KindredError, never with anything else', (t) => {
      const property = fc.property(
        fc.constantFrom<Mode>('calls', 'plain'),
        fc.uint8Array({ maxLength: 200 }),
        fc.boolean(),
        (mode, bytes, behindPrologue) => {
          const { codec } = open(mode);
          outcomeOf(() => {
            if (behindPrologue) feed(codec, prologue);
            if (feed(codec, bytes) === undefined) codec.end();
          });
        },
      );
      check(t, property, 500);
    });

    it('decodes a large message in linear time', () => {
      const item = { id: 1, name: 'a "quoted" name', tags: ['x', 'y'], text: 'é'.repeat(100) };
      assertLinear('one string', 2 * MiB, (bytes) => values('x'.repeat(bytes)));
      assertLinear('many parts', MiB, (bytes) => values(Array.from({ length: bytes / 300 }, () => item)));
    });

    it('decodes many small messages in linear time', () => {
      assertLinear('messages', MiB, (bytes) =>
        Array.from({ length: bytes / 40 }, (_, i) => plain({ i, name: 'some name' })),
      );
    });

    /** Four times the bytes, in chunks as a socket gives them, take less than eight times as long. */
    function assertLinear(what: string, bytes: number, make: (bytes: number) => Message[]): void {
      const [small, large] = [bytes, 4 * bytes].map((size) => [
        ...pieces(streamOf('plain', make(size)), 64 * 1024),
      ]) as [Uint8Array[], Uint8Array[]];
      let ratio = Number.POSITIVE_INFINITY;
      // The machine may be busy with something else: one calm moment is enough.
      for (let attempt = 0; attempt < 5 && ratio >= 8; attempt++) {
        const smallMs = fastest(() => hear('plain', small));
        ratio = fastest(() => hear('plain', large)) / smallMs;
      }
      assert.ok(ratio < 8, `${what}: 4 times the bytes took ${ratio.toFixed(1)} times as long`);
    }

    it('cuts a large message into pieces that let others pass between them', (t) => {
      const { codec } = open('plain');
      if (codec.cut === undefined) {
        t.diagnostic('this dialect does not cut');
        return;
      }
      const large = plain({ body: 'é'.repeat(200_000) });
      const frames = [...codec.cut(said(codec, large))].map((chunks) => bytesOf(chunks, text));
      assert.ok(frames.length > 2);
      const between = values('first', [2], { three: 3 });
      const mixed: Uint8Array[] = [prologue];
      for (const [i, frame] of frames.entries()) {
        mixed.push(frame);
        const other = between[i];
        if (other !== undefined) mixed.push(bytesOf(codec.frame([said(codec, other)]), text));
      }
      const stream = joinBytes(mixed);
      const heard = messagesOf(hear('plain', [stream]));
      assert.equal(heard.length, 1 + between.length);
      assert.deepEqual(heard[0], between[0]);
      for (const message of [large, ...between])
        assert.ok(heard.some((one) => short(one) === short(message)));
      assert.deepEqual(messagesOf(hear('plain', pieces(stream, 7_777))), heard);
      assert.deepEqual(messagesOf(hear('plain', [joinBytes([prologue, ...frames])])), [large]);
    });
  });
}

/** Pushes a copy and then spoils it: the caller of a codec may use its buffer again. */
function feed(codec: Codec, chunk: Uint8Array): Uint8Array | undefined {
  const lent = chunk.slice();
  const rest = codec.push(lent)?.slice();
  lent.fill(0x21);
  return rest;
}

function said(codec: Codec, message: Message): Encoded {
  const encoded = codec.encode(message);
  assert.ok(encoded !== undefined, `nothing to write for ${short(message)}`);
  return encoded;
}

function messagesOf(heard: readonly Heard[]): Message[] {
  return heard.map(({ message }) => message);
}

/** For comparing: what an error says in words is free, its code is not. */
function withoutWords(message: Message): unknown {
  return message.kind === 'invalid' ? { ...message, error: message.error.code } : message;
}

function short(message: Message): string {
  const shown = inspect(message, { depth: 5, breakLength: Number.POSITIVE_INFINITY });
  return shown.length > 100 ? `${shown.slice(0, 100)}...` : shown;
}

function isContainer(message: Message): boolean {
  return message.kind === 'plain' && typeof message.value === 'object';
}

function nest(depth: number, of: 'array' | 'object'): unknown {
  let value: unknown = 1;
  for (let i = 0; i < depth; i++) value = of === 'array' ? [value] : { a: value };
  return value;
}

/** Bytes of chunks as a transport would write them. */
export function bytesOf(chunks: readonly Chunk[], text: Text = webText): Uint8Array {
  return joinBytes(
    chunks.map((chunk) => {
      if (typeof chunk !== 'string') return chunk;
      const bytes = new Uint8Array(text.byteLength(chunk));
      assert.equal(text.write(bytes, chunk, 0), bytes.length);
      return bytes;
    }),
  );
}

function* pieces(bytes: Uint8Array, size: number): Iterable<Uint8Array> {
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size);
}

function byteByByte(bytes: Uint8Array): Iterable<Uint8Array> {
  return pieces(bytes, 1);
}

function* cutBy(bytes: Uint8Array, sizes: Iterable<number>): Iterable<Uint8Array> {
  let at = 0;
  for (const size of sizes) {
    if (at >= bytes.length) return;
    yield bytes.subarray(at, at + size);
    at += size;
  }
}

function* waysToCut(bytes: Uint8Array): Iterable<{ how: string; chunks: Iterable<Uint8Array> }> {
  yield { how: 'whole', chunks: [bytes] };
  yield { how: 'byte by byte', chunks: byteByByte(bytes) };
  const step = Math.max(1, Math.floor(bytes.length / 400));
  for (let at = 1; at < bytes.length; at += step)
    yield { how: `cut at ${at}`, chunks: [bytes.subarray(0, at), bytes.subarray(at)] };
}

/** The KindredError that was thrown; anything else thrown fails the test. */
function outcomeOf(run: () => void): KindredError | undefined {
  try {
    run();
    return undefined;
  } catch (error) {
    if (error instanceof KindredError) return error;
    throw error;
  }
}

function assertThrows(run: () => unknown, code: ErrorCode, says?: RegExp): void {
  const error = outcomeOf(() => void run());
  assert.ok(error !== undefined, `nothing was thrown instead of ${code}`);
  assert.equal(error.code, code, error.message);
  if (says !== undefined) assert.match(error.message, says);
}

function check(t: TestContext, property: fc.IRawProperty<unknown>, numRuns = 200): void {
  const given = process.env.KINDRED_SEED;
  const seed = given === undefined ? Math.floor(Math.random() * 2 ** 31) : Number(given);
  t.diagnostic(`KINDRED_SEED=${seed}`);
  fc.assert(property, { seed, numRuns });
}

/** Processor time of the best of several runs, in milliseconds: other work on the machine does not count. */
function fastest(run: () => unknown): number {
  let best = Number.POSITIVE_INFINITY;
  for (let i = 0; i < 4; i++) {
    const start = process.cpuUsage();
    run();
    const { user, system } = process.cpuUsage(start);
    best = Math.min(best, (user + system) / 1000);
  }
  return best;
}
