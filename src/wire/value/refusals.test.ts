import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { arrive, encode, openBinary, valuesOf } from '../../../test/suites/binary-channel.ts';
import { bytesOf } from '../../../test/suites/dialect.ts';
import { Lent, readBinaryVectors } from '../../../test/suites/notation.ts';
import { KindredError } from '../../base/errors.ts';
import type { Codec } from '../dialect.ts';
import type { Message, Reference } from '../message.ts';

function refuses(value: unknown, message: RegExp, code = 'ERR_NOT_ENCODABLE'): void {
  const { codec } = openBinary({ mode: 'calls' });
  assert.throws(() => codec.encode({ kind: 'call', id: 1, method: 'm', params: [value] }), { code, message });
}

describe('an object that would be taken for a promise', () => {
  const run = new Lent('function', 7);
  const exportReference = (value: unknown): Reference | undefined =>
    value === thenable || typeof value === 'function' ? run.reference : undefined;
  const thenable = (): void => {};
  const call = (value: unknown): Message => ({ kind: 'call', id: 1, method: 'm', params: [value] });

  it('is refused by its sender', () => {
    const { codec } = openBinary({ mode: 'calls' });
    const named = (name: string): object => Object.fromEntries([[name, thenable]]);
    assert.throws(() => codec.encode(call(named('then')), exportReference), {
      code: 'ERR_NOT_ENCODABLE',
      message: /^params\[0\]\.then is a function named then.*: rename it$/,
    });
    assert.ok(codec.encode(call(named('done')), exportReference));
    assert.ok(codec.encode(call(Object.fromEntries([['then', 1]])), exportReference));
  });

  for (const [what, of] of [
    ['an object', (run: unknown) => ({ ['thex']: run })],
    ['an error', (run: unknown) => Object.assign(new Error('e'), { ['thex']: run })],
  ] as const)
    it(`is refused by its receiver (${what})`, () => {
      const { codec } = openBinary({ mode: 'calls' });
      const encoded = codec.encode(call(of(thenable)), exportReference);
      const bytes = Buffer.concat(codec.frame(encoded === undefined ? [] : [encoded]) as Uint8Array[]);
      const open = (): Codec => openBinary({ mode: 'calls', importReference: () => () => {} }).codec;
      open().push(bytes);
      bytes.write('then', bytes.indexOf('thex'));
      assert.throws(() => open().push(bytes), { code: 'ERR_PROTOCOL', message: /is called then/ });
    });
});

describe('a value that cannot be sent', () => {
  it('is refused by its path and with the mend', () => {
    refuses(() => {}, /^params\[0\] is a function, which cannot be sent: /);
    refuses({ items: [0, { cb() {} }] }, /^params\[0\]\.items\[1\]\.cb is a function/);
    refuses([{ 'a b': Symbol('x') }], /^params\[0\]\[0\]\["a b"\] is a symbol, .*: send a string$/);
    refuses(
      [new Map([[1, Promise.resolve()]])],
      /^params\[0\]\[0\] \(value of entry 0\) is a Promise, .*: await it/,
    );
    refuses(
      new Map(
        [
          [0, 0],
          [1, 0],
        ].map((pair, i) => (i === 1 ? [{ k: () => {} }, 0] : pair)) as never,
      ),
      /^params\[0\] \(key of entry 1\)\.k is a function/,
    );
    refuses(new Set([1, Symbol('x')]), /^params\[0\] \(key of entry 1\) is a symbol/);
    refuses(new Error('x', { cause: { f() {} } }), /^params\[0\]\.cause\.f is a function/);
    refuses(new AggregateError([() => {}]), /^params\[0\]\.errors\[0\] is a function/);
    refuses(Object.assign(new Error('x'), { data: { s: Symbol('x') } }), /^params\[0\]\.data\.s is a symbol/);
    refuses(new KindredError('ERR_CLOSED', 'x', { data: () => {} }), /^params\[0\]\.data is a function/);
    refuses(Object(5), /is a boxed Number, .*: send the primitive value/);
    refuses([].values(), /is an Array Iterator, .*: send an array/);
    refuses(
      new (class {
        toJSON() {
          return [() => {}];
        }
      })(),
      /^params\[0\]\[0\] is a function/,
    );
  });

  it('is called the message where it is all of it', () => {
    assert.throws(() => encode(openBinary().codec, Symbol('x')), { message: /^the message is a symbol/ });
    assert.throws(() => encode(openBinary().codec, [Symbol('x')]), { message: /^\[0\] is a symbol/ });
  });

  it('is named also in results, items, errors and meta', () => {
    const { codec } = openBinary({ mode: 'calls' });
    const value = [() => {}];
    const error = { code: 1, message: '', data: value };
    for (const [message, path] of [
      [{ kind: 'result', id: 1, value }, /^result\[0\] /],
      [{ kind: 'item', stream: 1, seq: 0, value }, /^item\[0\] /],
      [{ kind: 'error', id: 1, error }, /^error\.data\[0\] /],
      [{ kind: 'fail', stream: 1, error }, /^error\.data\[0\] /],
      [{ kind: 'notify', method: 'm', params: [], meta: { value } }, /^meta\.value\[0\] /],
    ] as const)
      assert.throws(() => codec.encode(message), { code: 'ERR_NOT_ENCODABLE', message: path });
  });

  it('is told with a path of bearable length', () => {
    let deep: unknown = () => {};
    for (let i = 0; i < 400; i++) deep = [deep];
    assert.throws(
      () => encode(openBinary().codec, deep),
      (error: Error) => error.message.length < 400,
    );
  });

  it('whose own code throws is refused by its path, with the cause', () => {
    const cause = new TypeError('mine');
    const thrower = (): never => {
      throw cause;
    };
    const cases: [unknown, RegExp][] = [
      [
        { a: [Object.defineProperty({}, 'b', { get: thrower, enumerable: true })] },
        /^params\[0\]\.a\[0\]\.b could not be read: it threw$/,
      ],
      [
        {
          a: {
            toJSON: undefined,
            b: new (class {
              toJSON = thrower;
            })(),
          },
        },
        /^params\[0\]\.a\.b could not be read: its toJSON\(\) threw$/,
      ],
      [
        { a: Object.defineProperty(new Error('x'), 'b', { get: thrower, enumerable: true }) },
        /^params\[0\]\.a could not be read: it threw$/,
      ],
      [new Proxy({}, { ownKeys: thrower }), /could not be read: it threw$/],
    ];
    for (const [value, message] of cases) {
      const { codec } = openBinary({ mode: 'calls' });
      assert.throws(() => codec.encode({ kind: 'call', id: 1, method: 'm', params: [value] }), {
        code: 'ERR_NOT_ENCODABLE',
        message,
        cause,
      });
    }
  });

  it('that changes while it is read is refused', () => {
    const value = {
      get a() {
        delete (value as { b?: unknown }).b;
        return 1;
      },
      b: 2,
    };
    refuses(value, /its properties changed while they were read/);
  });

  it('leaves no trace in what is sent before and after it', () => {
    const huge = [new Uint8Array(100_000), 'x'.repeat(100_000), () => {}];
    const clean = openBinary();
    const tried = openBinary();
    const said = [{ id: 1, text: 'a' }, [{ id: 2, text: 'b' }], 'x'.repeat(5000), { id: 3 }];
    const write = (codec: typeof clean.codec, refused: readonly unknown[]): Uint8Array =>
      bytesOf(
        codec.frame(
          said.map((value) => {
            for (const bad of refused) assert.throws(() => encode(codec, bad), { code: 'ERR_NOT_ENCODABLE' });
            return encode(codec, value);
          }),
        ),
      );
    const refused = [Symbol('x'), huge, { id: 1, text: 'a', bad: () => {} }, [{ other: 1 }, Symbol('x')]];
    assert.deepEqual(write(tried.codec, refused), write(clean.codec, []));
  });
});

describe('a value that sends messages itself while it is read', () => {
  it('is sent, and so are they', () => {
    const { codec } = openBinary();
    const inner: Uint8Array[] = [];
    const value = {
      before: 'x'.repeat(10),
      get a() {
        inner.push(bytesOf(codec.frame([encode(codec, { within: true })])));
        return [1];
      },
      after: { before: 2 },
    };
    const outer = bytesOf(codec.frame([encode(codec, value)]));
    const receiver = openBinary();
    for (const bytes of [...inner, outer]) receiver.codec.push(bytes);
    assert.deepEqual(valuesOf(receiver), [
      { within: true },
      { before: 'x'.repeat(10), a: [1], after: { before: 2 } },
    ]);
  });
});

describe('depth', () => {
  const around: Record<string, (value: unknown) => unknown> = {
    arrays: (value) => [value],
    objects: (value) => ({ a: value }),
    maps: (value) => new Map([[1, value]]),
    'keys of maps': (value) => new Map([[value, 1]]),
    sets: (value) => new Set([value]),
    causes: (value) => new Error('x', { cause: value }),
    'properties of errors': (value) => Object.assign(new Error('x'), { value }),
    'errors of Kindred': (value) => new KindredError('ERR_CLOSED', 'x', { data: value }),
    'what toJSON says': (value) =>
      new (class {
        toJSON() {
          return [value];
        }
      })(),
  };

  for (const [kind, wrap] of Object.entries(around))
    it(`counts ${kind}, to the limit and no further, both ways`, () => {
      let value: unknown = 1;
      for (let i = 0; i < 20; i++) value = wrap(value);
      const limits = (maxDepth: number) => ({ limits: { maxMessageBytes: 1e6, maxDepth } });
      for (const depth of [20, 21]) assert.doesNotThrow(() => arrive(value, limits(depth)));
      const { codec } = openBinary(limits(19));
      const tooDeep = { code: 'ERR_LIMIT', message: /maxDepth \(19\)/ };
      assert.throws(() => encode(codec, value), tooDeep);
      const wide = openBinary();
      const bytes = bytesOf(wide.codec.frame([encode(wide.codec, value)]));
      assert.throws(() => codec.push(bytes), tooDeep);
    });

  it('is bounded by what the stack has room for, whatever maxDepth says', () => {
    for (const [kind, wrap] of Object.entries(around)) {
      let value: unknown = 1;
      for (let i = 0; i < 100_000; i++) value = wrap(value);
      const { codec } = openBinary({ limits: { maxMessageBytes: 1e9, maxDepth: 1e9 } });
      assert.throws(() => encode(codec, value), { code: 'ERR_LIMIT', message: /maxDepth/ }, kind);
      assert.doesNotThrow(() => encode(codec, [1]));
    }
    for (const container of [[0x81], [0xd4, 1], [0xd3, 1, 1], [0xd8, 0, 2, 0x40]]) {
      const fields = Array.from({ length: Math.floor(60_000 / container.length) }, () => container).flat();
      const header = [0xff, 0x4b, 0x4e, 1, 16, fields.length & 0xff, fields.length >> 8, 0];
      const { codec } = openBinary({ limits: { maxMessageBytes: 1e9, maxDepth: 1e9 } });
      assert.throws(() => codec.push(Uint8Array.from([...header, ...fields])), { code: 'ERR_LIMIT' });
    }
  });
});

describe('what is lent', () => {
  const lend = (value: object): Reference | undefined =>
    value instanceof Lent ? value.reference : undefined;
  const importReference = ({ kind, id }: Reference): Lent => new Lent(kind, id);

  it('travels by its number, and the other end makes a stand-in', () => {
    for (const { bytes, messages } of readBinaryVectors('binary-references')) {
      const { codec, heard } = openBinary({ mode: 'calls', importReference });
      const encoded = messages.map((message) => codec.encode(message, lend));
      assert.deepEqual(bytesOf(codec.frame(encoded as never)), bytes);
      codec.push(bytes);
      assert.deepEqual(heard, messages);
    }
  });

  it('may be a function, an async iterable or a ReadableStream, and is offered wherever it stands', () => {
    const lent = [
      () => {},
      class {},
      (async function* () {})(),
      new ReadableStream(),
      { async *[Symbol.asyncIterator]() {} },
    ];
    const offered: object[] = [];
    const { codec } = openBinary();
    encode(codec, [lent[0], { a: lent[1] }, new Map([[lent[2], lent[3]]]), new Set([lent[4]])], (value) => {
      offered.push(value);
      return { kind: 'function', id: offered.length };
    });
    assert.deepEqual(offered, lent);
  });

  it('is refused by its path where nobody takes it', () => {
    const { codec } = openBinary();
    assert.throws(() => encode(codec, { cb: () => {} }, () => undefined), {
      code: 'ERR_NOT_ENCODABLE',
      message: /^cb is a function/,
    });
    assert.throws(() => encode(codec, [new ReadableStream()]), {
      code: 'ERR_NOT_ENCODABLE',
      message: /^\[0\] is a/,
    });
  });

  it('of a maker that fails breaks the stream with a KindredError', () => {
    const { codec } = openBinary();
    const bytes = bytesOf(codec.frame([encode(codec, new Lent('function', 1), lend)]));
    const receiver = openBinary({
      importReference() {
        throw new TypeError('mine');
      },
    });
    assert.throws(() => receiver.codec.push(bytes), { code: 'ERR_PROTOCOL' });
  });
});
