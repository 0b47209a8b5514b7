import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { KindredError } from '../base/errors.ts';
import { createPair } from '../testkit/pair.ts';
import { defaultLimits } from '../wire/limits.ts';
import { createScopes } from './fixtures/scopes.ts';
import { firstWindow } from './streams.ts';

const rejection = async (work: Promise<unknown>): Promise<KindredError> =>
  work.then(
    () => assert.fail('should have failed'),
    (error) => error as KindredError,
  );
const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
const collect = async <T>(source: AsyncIterable<T>): Promise<T[]> => {
  const items: T[] = [];
  for await (const item of source) items.push(item);
  return items;
};
for (const over of ['values', 'binary', 'greet', 'json-lines'] as const)
  describe(`a stream as result over ${over}`, () => {
    it('arrives whole and in order, many windows long', async () => {
      const { client } = createPair(
        {
          async *count(to: number) {
            for (let n = 0; n < to; n++) yield n;
          },
        },
        { over },
      );
      assert.deepEqual(
        await collect(client.call.count(1000)),
        Array.from({ length: 1000 }, (_, n) => n),
      );
      await client.close();
    });

    it('may be a web ReadableStream, or come by promise', async () => {
      const { client } = createPair(
        {
          web: () => ReadableStream.from(['a', 'b']),
          later: async () => ReadableStream.from(['c']),
        },
        { over },
      );
      assert.deepEqual(await collect(client.call.web()), ['a', 'b']);
      assert.deepEqual(await collect(client.call.later()), ['c']);
      await client.close();
    });

    it('runs the finally of its generator when the consumer breaks off', async () => {
      const { promise: cleaned, resolve: clean } = Promise.withResolvers<string>();
      const { client, server } = createPair(
        {
          async *endless() {
            try {
              for (let n = 0; ; n++) {
                yield n;
                await turn();
              }
            } finally {
              clean('cleaned');
            }
          },
        },
        { over },
      );
      for await (const n of client.call.endless()) if (n === 3) break;
      assert.equal(await cleaned, 'cleaned');
      await turn();
      assert.equal(server.load.streams, 0);
      assert.equal(server.load.running, 0);
      await client.close();
    });

    it('fires the signal of its call when the consumer breaks off, so that a waiting generator hears of it', async () => {
      const scopes = createScopes();
      const { promise: cleaned, resolve: clean } = Promise.withResolvers<string>();
      const { client } = createPair(
        {
          async *slow() {
            const { signal } = scopes.current() ?? assert.fail('no call is being answered');
            try {
              yield 1;
              await new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason)));
            } finally {
              clean('cleaned');
            }
          },
        },
        { over, server: { context: scopes } },
      );
      for await (const n of client.call.slow()) if (n === 1) break;
      assert.equal(await cleaned, 'cleaned');
      await client.close();
    });

    it('gives an error in mid-stream after the items before it', async () => {
      const { client } = createPair(
        {
          async *broken() {
            yield 1;
            yield 2;
            throw new RangeError('no more');
          },
        },
        { over },
      );
      const got: number[] = [];
      const error = await rejection(
        (async () => {
          for await (const n of client.call.broken()) got.push(n);
        })(),
      );
      assert.deepEqual(got, [1, 2]);
      assert.equal(error.code, 'ERR_REMOTE');
      assert.equal(error.message, 'no more');
      await client.close();
    });

    it('ends with an error when the other end dies in the middle', async () => {
      const { client, channels } = createPair(
        {
          async *slow() {
            yield 1;
            await new Promise(() => {});
          },
        },
        { over },
      );
      const got: number[] = [];
      const error = await rejection(
        (async () => {
          for await (const n of client.call.slow()) {
            got.push(n);
            channels.server.destroy({ kind: 'closed' });
          }
        })(),
      );
      assert.deepEqual(got, [1]);
      assert.equal(error.code, 'ERR_PEER_GONE');
    });

    it('stops when its signal fires', async () => {
      const { promise: cleaned, resolve: clean } = Promise.withResolvers<void>();
      const { client, server } = createPair(
        {
          async *endless() {
            try {
              for (let n = 0; ; n++) {
                yield n;
                await turn();
              }
            } finally {
              clean();
            }
          },
        },
        { over },
      );
      const controller = new AbortController();
      const error = await rejection(
        (async () => {
          for await (const n of client.with({ signal: controller.signal }).call.endless())
            if (n === 2) controller.abort();
        })(),
      );
      assert.equal(error.code, 'ERR_CANCELLED');
      await cleaned;
      await turn();
      assert.equal(server.load.running, 0);
      await client.close();
    });

    it('that was never opened because the call failed throws where it is iterated', async () => {
      const { client } = createPair(
        {
          fail: (): AsyncIterable<number> => {
            throw new Error('not today');
          },
        },
        { over },
      );
      assert.equal((await rejection(collect(client.call.fail()))).message, 'not today');
      await client.close();
    });
  });

for (const over of ['values', 'binary'] as const)
  describe(`credit over ${over}`, () => {
    it('keeps the producer within the window of a consumer that stands still', async () => {
      let produced = 0;
      const { client } = createPair(
        {
          async *fast() {
            for (;;) yield produced++;
          },
        },
        { over },
      );
      const iterator = client.call.fast()[Symbol.asyncIterator]();
      assert.equal((await iterator.next()).value, 0);
      for (let i = 0; i < 50; i++) await turn();
      assert.ok(produced <= firstWindow.items + 2, `${produced} items were produced`);
      await iterator.return?.();
      await client.close();
    });

    it('counts bytes too', async () => {
      let produced = 0;
      const { client } = createPair(
        {
          async *large() {
            for (;;) {
              produced++;
              yield new Uint8Array(64 * 1024);
            }
          },
        },
        { over },
      );
      const iterator = client.call.large()[Symbol.asyncIterator]();
      await iterator.next();
      for (let i = 0; i < 50; i++) await turn();
      assert.ok(produced <= firstWindow.bytes / (64 * 1024) + 2, `${produced} items were produced`);
      await iterator.return?.();
      await client.close();
    });

    it('carries a stream of 200,000 items with a window that grows', async () => {
      const { client } = createPair(
        {
          async *count(to: number) {
            for (let n = 0; n < to; n++) yield n;
          },
        },
        { over },
      );
      let sum = 0;
      for await (const n of client.call.count(200_000)) sum += n;
      assert.equal(sum, (200_000 * 199_999) / 2);
      await client.close();
    });
  });

for (const over of ['values', 'binary', 'greet'] as const)
  describe(`a stream as argument over ${over}`, () => {
    it('is iterated by the function', async () => {
      const { client, server } = createPair(
        {
          async sum(numbers: AsyncIterable<number>) {
            let sum = 0;
            for await (const n of numbers) sum += n;
            return sum;
          },
        },
        { over },
      );
      assert.equal(
        await client.call.sum(
          (async function* () {
            for (let n = 1; n <= 500; n++) yield n;
          })(),
        ),
        125_250,
      );
      await turn();
      assert.equal(client.load.streams, 0);
      assert.equal(server.load.streams, 0);
      await client.close();
    });

    it('is stopped when the function returns without having read it all', async () => {
      const { promise: cleaned, resolve: clean } = Promise.withResolvers<void>();
      const { client } = createPair({ ignore: (_: AsyncIterable<number>) => 'done' }, { over });
      const source = (async function* () {
        try {
          for (let n = 0; ; n++) {
            yield n;
            await turn();
          }
        } finally {
          clean();
        }
      })();
      assert.equal(await client.call.ignore(source), 'done');
      await cleaned;
      await turn();
      assert.equal(client.load.streams, 0);
      await client.close();
    });

    it('goes both ways at once', async () => {
      const { client } = createPair(
        {
          async *double(numbers: AsyncIterable<number>) {
            for await (const n of numbers) yield n * 2;
          },
        },
        { over },
      );
      const source = (async function* () {
        yield 1;
        yield 2;
        yield 3;
      })();
      assert.deepEqual(await collect(client.call.double(source)), [2, 4, 6]);
      await turn();
      assert.equal(client.load.streams, 0);
      await client.close();
    });

    it('several streams and values travel in one result', async () => {
      const { client } = createPair(
        {
          two: () => ({ a: ReadableStream.from([1, 2]), note: 'x', b: ReadableStream.from([3]) }),
        },
        { over },
      );
      const { a, b, note } = await client.call.two();
      assert.equal(note, 'x');
      assert.deepEqual(await collect(a as unknown as AsyncIterable<number>), [1, 2]);
      assert.deepEqual(await collect(b as unknown as AsyncIterable<number>), [3]);
      await client.close();
    });
  });

describe('a stream that comes with a call which never runs', () => {
  const endless = () => {
    const ended = Promise.withResolvers<void>();
    const source = (async function* () {
      try {
        for (;;) yield 1;
      } finally {
        ended.resolve();
      }
    })();
    return { source, ended: ended.promise };
  };

  it('is stopped where the call is refused', async () => {
    const service = Promise.withResolvers<object>();
    const { client, server } = createPair(
      { take: (_: unknown) => 1 },
      { over: 'binary', server: { service: service.promise } },
    );
    const { source, ended } = endless();
    const failed = rejection(client.call.take(source));
    await turn();
    service.reject(new Error('not today'));
    assert.equal((await failed).outcome, 'not-sent');
    await ended;
    assert.deepEqual([client.load.streams, server.load.streams], [0, 0]);
    await client.close();
  });

  it('is over at both ends where the call is cancelled while it waits', async () => {
    const { client, server } = createPair(
      { take: (_: unknown) => 1 },
      { over: 'binary', server: { service: new Promise<object>(() => {}) } },
    );
    const { source, ended } = endless();
    const given = new AbortController();
    const failed = rejection(client.with({ signal: given.signal }).call.take(source));
    await turn();
    assert.equal(server.load.streams, 1);
    given.abort();
    await failed;
    await ended;
    await turn();
    assert.deepEqual([client.load.streams, server.load.streams], [0, 0]);
    await client.close();
  });
});

describe('the bound on open streams', () => {
  const limits = { ...defaultLimits, maxStreams: 2 };
  async function* forever(): AsyncGenerator<number> {
    yield 1;
    await new Promise(() => {});
  }

  it('counts each direction by itself', async () => {
    const { client } = createPair(
      {
        wait: forever,
        take: async (items: AsyncIterable<number>) => {
          for await (const item of items) if (item === 1) break;
          return 'taken';
        },
      },
      { over: 'binary', client: { limits }, server: { limits } },
    );
    const open = [client.call.wait(), client.call.wait()];
    for (const reply of open) assert.equal((await reply[Symbol.asyncIterator]().next()).value, 1);
    assert.equal(client.load.streams, 2);
    assert.equal(await client.call.take(forever()), 'taken');
    await client.close();
  });

  it('keeps what the other end has said that it takes', async () => {
    const taken: unknown[] = [];
    const { client } = createPair(
      { take: (...streams: unknown[]) => taken.push(...streams) },
      { over: 'binary', server: { limits } },
    );
    await client.call.take();
    const error = await rejection(client.call.take(forever(), forever(), forever()));
    assert.equal(error.code, 'ERR_LIMIT');
    assert.equal(error.outcome, 'not-sent');
    assert.equal(await client.call.take(forever(), forever()), 2);
    await client.close();
  });

  it('turns away from one that comes all the same, and the channel goes on', async () => {
    const { client, channels } = createPair(
      {
        wait: forever,
        add: (a: number, b: number) => a + b,
      },
      { over: 'binary', client: { limits } },
    );
    await client.call.add(1, 1);
    delete channels.server.remote?.maxStreams;
    const open = [client.call.wait(), client.call.wait()];
    for (const reply of open) assert.equal((await reply[Symbol.asyncIterator]().next()).value, 1);
    const error = await rejection(client.call.wait()[Symbol.asyncIterator]().next());
    assert.equal(error.code, 'ERR_LIMIT');
    assert.match(error.message, /3 open streams are above maxStreams \(2\)/);
    assert.equal(await client.call.add(1, 2), 3);
    assert.deepEqual(client.load, { inFlight: 0, waiting: 0, running: 0, streams: 2, lent: 0 });
    await client.close();
  });

  it('refuses one more with a clear error, and the channel goes on', async () => {
    const { client } = createPair(
      {
        wait: forever,
        add: (a: number, b: number) => a + b,
      },
      { over: 'binary', server: { limits } },
    );
    const open = [client.call.wait(), client.call.wait()];
    for (const reply of open) assert.equal((await reply[Symbol.asyncIterator]().next()).value, 1);
    const error = await rejection(client.call.wait());
    assert.equal(error.code, 'ERR_LIMIT');
    assert.match(error.message, /maxStreams \(2\)/);
    assert.equal(await client.call.add(1, 2), 3);
    await client.close();
  });
});

describe('the credit of a stream', () => {
  for (const [what, value, fits] of [
    ['items', 0, firstWindow.items],
    ['bytes', 'x'.repeat(100_000), 3],
  ] as const)
    it(`is no word of honour: a producer that sends more ${what} loses its connection`, async () => {
      const { client, server, channels } = createPair(
        { take: (_: unknown) => new Promise<void>(() => {}) },
        { over: 'binary' },
      );
      async function* silent(): AsyncGenerator<never> {
        await new Promise(() => {});
      }
      const failed = rejection(client.call.take(silent()));
      await turn();
      const say = (seq: number): unknown => channels.client.send({ kind: 'item', stream: 1, seq, value });
      for (let seq = 0; seq < fits; seq++) say(seq);
      await turn();
      assert.equal(server.state, 'open');
      say(fits);
      const { kind, error } = await server.closed;
      assert.equal(kind, 'broken');
      assert.equal(error?.code, 'ERR_PROTOCOL');
      assert.match(error?.message ?? '', /without credit/);
      await failed;
    });
});
