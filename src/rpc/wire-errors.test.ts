import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { readFile } from '../../test/suites/vectors.ts';
import { KindredError } from '../base/errors.ts';
import { createPair, type PairOptions } from '../testkit/pair.ts';
import { defaultLimits } from '../wire/limits.ts';
import type { WireError } from '../wire/message.ts';
import { fromWire, refusalToWire, thrownToWire } from './wire-errors.ts';

interface Vector {
  title: string;
  error: WireError;
  means: { code: string; outcome: string };
}

/** What a function may throw to look like a word of the library: by its integer, by its name, by its data. */
const impostors: Record<string, () => unknown> = {
  relayed: () =>
    Object.assign(new Error('x'), { code: -32001, data: { code: 'ERR_PEER_GONE', outcome: 'not-sent' } }),
  refused: () =>
    Object.assign(new Error('x'), { code: -32050, data: { code: 'ERR_PEER_GONE', outcome: 'not-sent' } }),
  application: () =>
    Object.assign(new Error('x'), { code: 7, data: { code: 'ERR_PEER_GONE', outcome: 'not-sent' } }),
  unreachable: () => new KindredError('ERR_NOT_REACHABLE', 'x', { outcome: 'not-sent' }),
  gone: () => new KindredError('ERR_PEER_GONE', 'x', { outcome: 'not-sent' }),
  notFound: () => new KindredError('ERR_METHOD_NOT_FOUND', 'x', { outcome: 'unknown' }),
  named: () => Object.assign(new Error('x'), { code: 'ERR_TIMEOUT', outcome: 'not-sent' }),
  methodNotFound: () => Object.assign(new Error('x'), { code: -32601 }),
  internal: () => Object.assign(new Error('x'), { code: -32603, data: { code: 'ERR_LIMIT' } }),
  cancelled: () => Object.assign(new Error('x'), { code: -32800 }),
  unsayable: () => Object.assign(new Error('x'), { code: 7, data: Symbol('s'), more: Symbol('s') }),
  noError: () => ({ code: 'ERR_PEER_GONE', outcome: 'not-sent' }),
  hostile: () =>
    Object.defineProperty(new Error('x'), 'code', {
      get: () => {
        throw new Error('y');
      },
    }),
  hostileName: () => Object.defineProperty(new Error('x'), 'name', { value: Object.create(null) }),
};

const service = {
  fail(name: string): void {
    throw impostors[name]?.();
  },
  async *stream(name: string): AsyncGenerator<number> {
    yield 1;
    throw impostors[name]?.();
  },
  picky(): void {
    throw new KindredError('ERR_INVALID_PARAMS', 'a number below 5', { data: new Map() });
  },
  large: (length: number): string => 'x'.repeat(length),
};

const dialects: NonNullable<PairOptions['over']>[] = ['values', 'binary', 'json-lines', 'json-headers'];

async function failureOf(work: () => Promise<unknown>): Promise<KindredError> {
  const error: unknown = await work().then(
    () => assert.fail('it should have failed'),
    (thrown: unknown) => thrown,
  );
  assert.ok(error instanceof KindredError);
  return error;
}

for (const over of dialects)
  describe(`errors over ${over}`, () => {
    for (const name of Object.keys(impostors))
      it(`takes nothing that a function throws for a word about the call: ${name}`, async () => {
        const { client } = createPair(service, { over });
        const thrown = await failureOf(() => client.call.fail(name));
        assert.deepEqual([thrown.code, thrown.outcome], ['ERR_REMOTE', 'executed']);
        const broken = await failureOf(async () => {
          for await (const _ of client.call.stream(name));
        });
        assert.deepEqual([broken.code, broken.outcome], ['ERR_REMOTE', 'executed']);
        await client.close();
      });

    it('tells that a function refused its own arguments, and that it ran', async () => {
      const { client } = createPair(service, { over });
      const error = await failureOf(async () => client.call.picky());
      assert.deepEqual([error.code, error.outcome], ['ERR_INVALID_PARAMS', 'executed']);
      await client.close();
    });

    it('tells that a result was too large, and that the function ran', async () => {
      const limits = { ...defaultLimits, maxMessageBytes: 10_000 };
      const { client } = createPair(service, { over, server: { limits }, client: { limits } });
      const error = await failureOf(async () => client.call.large(20_000));
      assert.deepEqual([error.code, error.outcome], ['ERR_LIMIT', 'executed']);
      await client.close();
    });

    it('tells while draining that nothing ran', async () => {
      const hold = Promise.withResolvers<void>();
      const begun = Promise.withResolvers<void>();
      const wait = (): Promise<void> => {
        begun.resolve();
        return hold.promise;
      };
      const { client, server } = createPair({ wait, ...service }, { over });
      const running = client.call.wait();
      await begun.promise;
      const drained = server.drain();
      const error = await failureOf(async () => client.call.large(1));
      assert.deepEqual([error.code, error.outcome], ['ERR_PEER_GONE', 'not-sent']);
      hold.resolve();
      await running;
      await drained;
    });
  });

describe('an error for a stranger', () => {
  const stranger = { kindred: false, withStack: false };

  it('keeps the integer code and the data of an application, also those of LSP and MCP', () => {
    for (const code of [7, -1, -32000, -32002, -32099, -32801, -32803]) {
      const thrown = Object.assign(new Error('no'), { code, data: { left: 1 } });
      const { code: said, data } = thrownToWire(thrown, stranger);
      assert.equal(said, code);
      if (code !== -32000) assert.deepEqual(data, { left: 1 });
    }
  });

  it('has -32000 for an integer that JSON-RPC or Kindred reserves, and keeps that in its data', () => {
    for (const code of [-32768, -32700, -32600, -32601, -32602, -32603, -32100, -32800, -32050]) {
      const thrown = Object.assign(new Error('no'), { code, data: [1] });
      assert.deepEqual(thrownToWire(thrown, stranger), {
        code: -32000,
        message: 'no',
        data: { name: 'Error', code, data: [1] },
      });
    }
  });

  it('has -32603 for a result that cannot be said, and -32050 for what has no code of JSON-RPC', () => {
    const codeFor = (code: KindredError['code']): number => refusalToWire(new KindredError(code, '')).code;
    assert.equal(codeFor('ERR_NOT_ENCODABLE'), -32603);
    assert.equal(codeFor('ERR_LIMIT'), -32603);
    assert.equal(codeFor('ERR_PEER_GONE'), -32050);
    assert.equal(codeFor('ERR_START_FAILED'), -32050);
  });
});

describe('the error of an answer means what errors.json says', () => {
  for (const { title, error, means } of readFile<Vector>('errors'))
    it(title, () => {
      const { code, outcome } = fromWire(error);
      assert.deepEqual({ code, outcome }, means);
    });
});
