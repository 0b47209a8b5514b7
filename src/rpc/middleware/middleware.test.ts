import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { createTestClock } from '../../testkit/clock.ts';
import { createPair } from '../../testkit/pair.ts';
import type { Middleware, MiddlewareCall } from '../peer.ts';

const service = {
  add: (a: number, b: number) => a + b,
  fail: () => {
    throw new RangeError('no');
  },
  async *count(to: number) {
    for (let n = 1; n <= to; n++) yield n;
  },
  each: async (visit: (n: number) => unknown) => visit(1),
  nested: { hello: (name: string) => `hello ${name}` },
};

/** Notes what it sees. */
const noting =
  (name: string, seen: unknown[]): Middleware =>
  (next) =>
  async (call) => {
    seen.push(`${name} ${call.direction} ${call.kind} ${call.method}`);
    try {
      return await next(call);
    } finally {
      seen.push(`${name} over`);
    }
  };

describe('middleware', () => {
  it('stands around a call on both sides, the first of them outermost', async () => {
    const seen: unknown[] = [];
    const { client } = createPair(service, {
      client: { middleware: [noting('a', seen), noting('b', seen)] },
      server: { serviceMiddleware: [noting('c', seen), noting('d', seen)] },
    });
    assert.equal(await client.call.nested.hello('you'), 'hello you');
    assert.deepEqual(seen, [
      'a out call nested.hello',
      'b out call nested.hello',
      'c in call nested.hello',
      'd in call nested.hello',
      'd over',
      'c over',
      'b over',
      'a over',
    ]);
    await client.close();
  });

  it('stands around notifications', async () => {
    const seen: unknown[] = [];
    const { client } = createPair(service, {
      client: { middleware: [noting('a', seen)] },
      server: { serviceMiddleware: [noting('b', seen)] },
    });
    assert.equal(await client.with({ delivery: 'handled' }).notify.add(1, 2), undefined);
    assert.deepEqual(seen, ['a out notification add', 'b in notification add', 'b over', 'a over']);
    await client.close();
  });

  it('is added to by each with, inside of what is there, and not taken from the peer', async () => {
    const seen: unknown[] = [];
    const { client } = createPair(service, { client: { middleware: [noting('a', seen)] } });
    await client
      .with({ middleware: [noting('b', seen)] })
      .with({ middleware: [noting('c', seen)] })
      .call.add(1, 2);
    assert.deepEqual(seen.slice(0, 3), ['a out call add', 'b out call add', 'c out call add']);
    seen.length = 0;
    await client.call.add(1, 2);
    assert.deepEqual(seen, ['a out call add', 'a over']);
    await client.close();
  });

  it('may change the arguments and the result, on both sides', async () => {
    const twice: Middleware = (next) => async (call) =>
      ((await next({ ...call, args: call.args.map((arg) => (arg as number) * 2) })) as number) + 1;
    const { client } = createPair(service, {
      client: { middleware: [twice] },
      server: { serviceMiddleware: [twice] },
    });
    assert.equal(await client.call.add(1, 2), 14);
    await client.close();
  });

  it('may answer by itself', async () => {
    const answer: Middleware = () => async () => 42;
    const { client } = createPair(service, { server: { serviceMiddleware: [answer] } });
    assert.equal(await client.call.add(1, 2), 42);
    await client.close();
  });

  it('gets what a function throws, as it is; and what the caller gets, on its side', async () => {
    const caught: unknown[] = [];
    const catching: Middleware = (next) => async (call) => {
      try {
        return await next(call);
      } catch (error) {
        caught.push((error as Error).name, (error as { code?: string }).code);
        throw error;
      }
    };
    const { client } = createPair(service, {
      client: { middleware: [catching] },
      server: { serviceMiddleware: [catching] },
    });
    await assert.rejects(async () => client.call.fail(), { code: 'ERR_REMOTE', outcome: 'executed' });
    assert.deepEqual(caught, ['RangeError', undefined, 'RangeError', 'ERR_REMOTE']);
    await client.close();
  });

  it('that throws fails the call', async () => {
    const broken: Middleware = () => () => {
      throw new TypeError('broken');
    };
    const { client } = createPair(service, { client: { middleware: [broken] } });
    await assert.rejects(client.call.add(1, 2), { name: 'TypeError', message: 'broken' });
    await client.close();
    const { client: other } = createPair(service, { server: { serviceMiddleware: [broken] } });
    await assert.rejects(other.call.add(1, 2), { code: 'ERR_REMOTE', message: 'broken' });
    await other.close();
  });

  it('passes streams on, which can be iterated at once', async () => {
    const seen: unknown[] = [];
    const { client } = createPair(service, {
      client: { middleware: [noting('a', seen)] },
      server: { serviceMiddleware: [noting('b', seen)] },
    });
    const items: number[] = [];
    for await (const n of client.call.count(3)) items.push(n);
    assert.deepEqual(items, [1, 2, 3]);
    await client.close();
  });

  it('does not stand around functions that were lent', async () => {
    const seen: unknown[] = [];
    const middleware = [noting('client', seen)];
    const { client } = createPair(service, { client: { serviceMiddleware: middleware } });
    assert.equal(await client.call.each((n: number) => n + 1), 2);
    assert.deepEqual(seen, []);
    await client.close();
  });

  it('stands around rpc.discover, and not around names that the service has not', async () => {
    const seen: unknown[] = [];
    const { client } = createPair(service, { server: { serviceMiddleware: [noting('a', seen)] } });
    const any = client.call as unknown as Record<string, () => Promise<unknown>>;
    await any['rpc.discover']?.();
    await assert.rejects(async () => any['nothing']?.(), { code: 'ERR_METHOD_NOT_FOUND' });
    assert.deepEqual(seen, ['a in call rpc.discover', 'a over']);
    await client.close();
  });

  it('refuses a call that is none, and a list that is none, with ERR_BAD_ARGUMENT', async () => {
    const forgetful: Middleware = (next) => () => next(undefined as unknown as MiddlewareCall);
    const { client } = createPair(service, { client: { middleware: [forgetful] } });
    await assert.rejects(client.call.add(1, 2), {
      code: 'ERR_BAD_ARGUMENT',
      message: /next\(\) takes the call/,
    });
    assert.throws(() => client.with({ middleware: [5 as unknown as Middleware] }), {
      code: 'ERR_BAD_ARGUMENT',
    });
    await client.close();
  });

  it('hears when a call is over: on the answering side with the streams of its result', async () => {
    const over = Promise.withResolvers<void>();
    let items = 0;
    const watching: Middleware = (next) => (call) => {
      call.onOver(() => over.resolve());
      return next(call);
    };
    const { client } = createPair(service, { server: { serviceMiddleware: [watching] } });
    let isOver = false;
    void over.promise.then(() => {
      isOver = true;
    });
    const stream = await client.call.count(2);
    assert.equal(isOver, false);
    for await (const n of stream) items += n;
    await over.promise;
    assert.equal(items, 3);
    await client.close();
  });

  it('cancels what it gives a signal to, beside the signals of the caller', async () => {
    const own = new AbortController();
    const theirs = new AbortController();
    const signalling: Middleware = (next) => (call) => next({ ...call, signal: own.signal });
    const hang = { hang: () => new Promise<void>(() => {}) };
    const { client } = createPair(hang, { client: { middleware: [signalling] } });
    const first = client.with({ signal: theirs.signal }).call.hang();
    theirs.abort();
    await assert.rejects(first, { code: 'ERR_CANCELLED' });
    const second = client.call.hang();
    own.abort();
    await assert.rejects(second, { code: 'ERR_CANCELLED' });
    await client.close();
  });

  it('sees the time that the caller has, on both sides', async () => {
    const clock = createTestClock();
    const seen: unknown[] = [];
    const looking: Middleware = (next) => (call) => {
      seen.push(call.timeoutMs);
      return next(call);
    };
    const { client } = createPair(service, {
      clock,
      client: { clock, middleware: [looking] },
      server: { clock, serviceMiddleware: [looking] },
    });
    await client.with({ timeoutMs: 500 }).call.add(1, 2);
    await client.with({ timeoutMs: 0 }).call.add(1, 2);
    assert.deepEqual(seen, [500, 500, undefined, undefined]);
    await client.close();
  });
});
