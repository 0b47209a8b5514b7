import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { KindredError } from '../base/errors.ts';
import { createPair, type PairOptions } from '../testkit/pair.ts';

class Counter {
  count = 0;
  _secret(): string {
    return 'secret';
  }
  increment(by = 1): number {
    this.count += by;
    return this.count;
  }
}

function createService() {
  return {
    add: (...numbers: number[]) => numbers.reduce((a, b) => a + b, 0),
    echo: (value: unknown) => value,
    later: async (value: string) => value,
    nothing: () => {},
    async *countdown(from: number) {
      while (from > 0) yield from--;
    },
    nested: { deep: { hello: (name: string) => `hello ${name}` }, number: 5 },
    counter: new Counter(),
    boom(): never {
      throw Object.assign(new TypeError('boom'), { code: 'E_BOOM', data: { a: 1 } });
    },
    throwZero(): never {
      throw 0;
    },
    throwUndefined(): never {
      throw undefined;
    },
    notSayable: () => () => {},
    named: (a: number, b: number) => ({ a, b }),
    _private: () => 'private',
    ready: true,
  };
}

type Over = NonNullable<PairOptions['over']>;
const kinds: { over: Over; kindred: boolean; cutAt?: number }[] = [
  { over: 'values', kindred: true },
  { over: 'greet', kindred: true },
  { over: 'greet', kindred: true, cutAt: 7 },
  { over: 'binary', kindred: true },
  { over: 'binary', kindred: true, cutAt: 3 },
  { over: 'json-lines', kindred: false },
  { over: 'json-headers', kindred: false, cutAt: 5 },
];

const failure = async (work: Promise<unknown>): Promise<KindredError> => {
  try {
    await work;
  } catch (error) {
    assert.ok(error instanceof KindredError, `a KindredError, not ${String(error)}`);
    return error;
  }
  assert.fail('the call should have failed');
};

for (const { over, kindred, cutAt } of kinds) {
  describe(`calls over ${over}${cutAt === undefined ? '' : ` cut at ${cutAt}`}`, () => {
    const pair = () => createPair(createService(), { over, ...(cutAt === undefined ? {} : { cutAt }) });

    it('answers with results, promised or not, in order', async () => {
      const { client } = pair();
      assert.equal(await client.call.add(1, 2, 3, 4, 5), 15);
      assert.equal(await client.call.later('x'), 'x');
      assert.deepEqual(await Promise.all([1, 2, 3].map((n) => client.call.add(n, n))), [2, 4, 6]);
      assert.equal(await client.call.nothing(), kindred ? undefined : null);
      await client.close();
    });

    it('reaches nested functions and those of an instance by dotted names, with their own this', async () => {
      const { client } = pair();
      assert.equal(await client.call.nested.deep.hello('you'), 'hello you');
      assert.equal(await client.call.counter.increment(), 1);
      assert.equal(await client.call.counter.increment(4), 5);
      await client.close();
    });

    it('tells what a function threw as the cause, with name, code and data', async () => {
      const { client } = pair();
      const error = await failure(client.call.boom());
      assert.equal(error.code, 'ERR_REMOTE');
      assert.equal(error.outcome, 'executed');
      assert.equal(error.message, 'boom');
      assert.equal(error.name, 'TypeError');
      assert.ok(error.cause instanceof Error);
      if (kindred) {
        assert.ok(error.cause instanceof TypeError);
        assert.equal((error.cause as Error & { code: string }).code, 'E_BOOM');
        assert.deepEqual(error.data, { a: 1 });
      }
      await client.close();
    });

    it('takes throw 0 and throw undefined for what they are: failures', async () => {
      const { client } = pair();
      const zero = await failure(client.call.throwZero());
      const nothing = await failure(client.call.throwUndefined());
      assert.equal(zero.code, 'ERR_REMOTE');
      assert.equal(nothing.code, 'ERR_REMOTE');
      assert.ok('cause' in nothing);
      if (kindred) {
        assert.equal(zero.cause, 0);
        assert.equal(nothing.cause, undefined);
      }
      await client.close();
    });

    it('refuses unknown, private and inherited names', async () => {
      const { client } = pair();
      const call = client.call as unknown as Record<string, () => Promise<unknown>>;
      for (const name of [
        'nope',
        '_private',
        'toString',
        'hasOwnProperty',
        '__proto__',
        'constructor',
        'ready',
        'nested',
        'nested.number',
        'counter._secret',
        'counter.constructor',
        '',
      ]) {
        const error = await failure((call[name] as () => Promise<unknown>)());
        assert.equal(error.code, 'ERR_METHOD_NOT_FOUND', name);
      }
      assert.equal((client.call as unknown as { then?: unknown }).then, undefined);
      await client.close();
    });

    it('says that a result cannot be sent, and that the function ran', async () => {
      const { client } = pair();
      const error = await failure(client.call.notSayable());
      assert.equal(error.code, 'ERR_NOT_ENCODABLE');
      assert.equal(error.outcome, 'executed');
      assert.match(error.message, /notSayable/);
      await client.close();
    });

    it('names the path of an argument that cannot be sent, and that nothing was', async () => {
      const { client } = pair();
      await client.call.add(1);
      const error = await failure(client.call.echo({ a: [1, { b: Symbol('s') }] }));
      assert.equal(error.code, 'ERR_NOT_ENCODABLE');
      assert.equal(error.outcome, 'not-sent');
      assert.match(error.message, /params\[0\]\.a\[1\]\.b/);
      assert.equal(await client.call.add(1, 1), 2, 'the channel goes on');
      await client.close();
    });

    it('streams what a generator yields', async () => {
      const { client } = pair();
      const got: number[] = [];
      for await (const n of client.call.countdown(5)) got.push(n);
      assert.deepEqual(got, [5, 4, 3, 2, 1]);
      await client.close();
    });

    it('maps named parameters to those of the function, and refuses strangers', async () => {
      const { client } = pair();
      const named = client.with({ params: 'named' }) as unknown as {
        call: { named(params: object): Promise<unknown> };
      };
      assert.deepEqual(await named.call.named({ b: 2, a: 1 }), { a: 1, b: 2 });
      const error = await failure(named.call.named({ a: 1, c: 2 }));
      assert.equal(error.code, 'ERR_INVALID_PARAMS');
      assert.match(error.message, /\bc\b.*a, b/);
      await client.close();
    });

    it('settles every pending call when either side closes', async () => {
      const never = { hang: () => new Promise(() => {}), add: (a: number, b: number) => a + b };
      const { client, server } = createPair(never, { over, ...(cutAt === undefined ? {} : { cutAt }) });
      assert.equal(await client.call.add(1, 2), 3);
      const hanging = [client.call.hang(), client.call.hang()];
      const settled = Promise.allSettled(hanging);
      await client.call.add(1, 2);
      await server.close();
      for (const result of await settled) {
        assert.equal(result.status, 'rejected');
        assert.equal((result as PromiseRejectedResult).reason.code, 'ERR_PEER_GONE');
        assert.equal((result as PromiseRejectedResult).reason.outcome, 'unknown');
      }
      const after = await failure(client.call.add(1, 1));
      assert.equal(after.outcome, 'not-sent');
      await client.closed;
    });

    it('leaves nothing behind: no pending call, stream or lent function', async () => {
      const { client, server } = pair();
      for await (const _ of client.call.countdown(3)) break;
      await client.call.add(1);
      await client.call.add(1);
      assert.deepEqual(client.load, { inFlight: 0, waiting: 0, running: 0, streams: 0, lent: 0 });
      assert.deepEqual(server.load, { inFlight: 0, waiting: 0, running: 0, streams: 0, lent: 0 });
      await client.close();
    });
  });
}
