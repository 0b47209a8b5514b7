/** Schemas of three libraries, through one and the same tests. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { type } from 'arktype';
import * as v from 'valibot';
import { z } from 'zod';
import type { KindredError } from '../../base/errors.ts';
import { createPair } from '../../testkit/pair.ts';
import { describe as describeService } from '../discover.ts';
import { methodsOf } from '../service.ts';
import { checked } from './checked.ts';
import type { StandardSchema } from './standard-schema.ts';
import { type ServiceSchemas, validation } from './validation.ts';

interface User {
  name: string;
  age: number;
}

interface Library {
  number: StandardSchema<number>;
  user: StandardSchema<User>;
  /** Of a string. */
  length: StandardSchema<string, number>;
  /** Of the whole list of arguments. */
  pair: StandardSchema<[number, number]>;
}

const libraries: Record<string, Library> = {
  zod: {
    number: z.number(),
    user: z.object({ name: z.string(), age: z.number() }),
    length: z.string().transform((text) => text.length),
    pair: z.tuple([z.number(), z.number()]),
  },
  valibot: {
    number: v.number(),
    user: v.object({ name: v.string(), age: v.number() }),
    length: v.pipe(
      v.string(),
      v.transform((text) => text.length),
    ),
    pair: v.tuple([v.number(), v.number()]),
  },
  arktype: {
    number: type('number'),
    user: type({ name: 'string', age: 'number' }),
    length: type('string').pipe((text) => text.length),
    pair: type(['number', 'number']),
  },
};

const failureOf = (work: Promise<unknown>): Promise<KindredError> =>
  work.then(
    () => assert.fail('it was answered'),
    (error: KindredError) => error,
  );

const pathsOf = ({ data }: KindredError): unknown =>
  (data as { issues: { path: unknown; message: unknown }[] }).issues.map(({ path, message }) => {
    assert.equal(typeof message, 'string');
    return path;
  });

for (const [name, { number, user, length, pair }] of Object.entries(libraries))
  for (const over of ['binary', 'json-lines'] as const)
    describe(`a function with schemas of ${name}, over ${over}`, () => {
      const service = {
        add: checked({ params: [number, number], result: number }, (a, b) => a + b),
        rename: checked({ params: [user, length], result: user }, (who, by) => ({
          ...who,
          name: `${who.name}${by}`,
        })),
        both: checked({ params: pair }, (a, b) => a * b),
        wrong: checked({ params: [], result: number }, () => 'text' as unknown as number),
        count: checked({ params: [number], items: number }, async function* (to) {
          for (let n = 1; n <= to; n++) yield n === 3 ? ('three' as unknown as number) : n;
        }),
      };

      it('gets what fits, and what the schemas make of it', async () => {
        const { client } = createPair(service, { over });
        assert.equal(await client.call.add(1, 2), 3);
        assert.deepEqual(await client.call.rename({ name: 'Ann', age: 5 }, 'four'), { name: 'Ann4', age: 5 });
        assert.equal(await client.call.both(3, 4), 12);
        await client.close();
      });

      it('refuses the rest with ERR_INVALID_PARAMS, the issues and their paths', async () => {
        const { client } = createPair(service, { over });
        const wrongUser = { name: 'Ann', age: 'old' } as unknown as User;
        const rename = await failureOf(client.call.rename(wrongUser, 'four'));
        assert.equal(rename.code, 'ERR_INVALID_PARAMS');
        assert.equal(rename.outcome, 'executed');
        assert.match(rename.message, /^rename|^the function/);
        assert.deepEqual(pathsOf(rename), [[0, 'age']]);
        assert.deepEqual(pathsOf(await failureOf(client.call.add(1, 'x' as unknown as number))), [[1]]);
        assert.deepEqual(pathsOf(await failureOf((client.call.add as (a: number) => Promise<number>)(1))), [
          [1],
        ]);
        const tooMany = client.call.add as (...args: number[]) => Promise<number>;
        assert.deepEqual(pathsOf(await failureOf(tooMany(1, 2, 3))), [[2]]);
        assert.deepEqual(pathsOf(await failureOf(client.call.both(1, 'x' as unknown as number))), [[1]]);
        await client.close();
      });

      it('refuses its own result, and an item of its stream, with ERR_INVALID_RESULT', async () => {
        const { client } = createPair(service, { over });
        const wrong = await failureOf(client.call.wrong());
        assert.equal(wrong.code, 'ERR_INVALID_RESULT');
        assert.deepEqual(pathsOf(wrong), [[]]);
        const items: number[] = [];
        const stream = (async () => {
          for await (const n of client.call.count(3)) items.push(n);
        })();
        const item = await failureOf(stream);
        assert.deepEqual(items, [1, 2]);
        assert.match(item.message, /an item of its stream does not fit: 2: /);
        await client.close();
      });
    });

describe('validation by names', () => {
  const schemas = {
    'math.add': { params: [z.number(), z.number()], result: z.number() },
    length: { params: [z.string().transform((text) => text.length)] },
    count: { params: [z.number()], items: z.number() },
  } satisfies ServiceSchemas;
  const service = {
    math: { add: (a: number, b: number): unknown => (a < 0 ? 'negative' : a + b) },
    length: (of: unknown) => of,
    async *count(to: number) {
      for (let n = 1; n <= to; n++) yield n;
    },
    other: (value: unknown) => value,
  };

  it('checks arguments and results at the end that answers, and gives functions what the schemas make', async () => {
    const { client } = createPair(service, { server: { serviceMiddleware: [validation(schemas)] } });
    assert.equal(await client.call.math.add(1, 2), 3);
    assert.equal(await client.call.length('four'), 4);
    assert.equal(await client.call.other('x'), 'x');
    const error = await failureOf(client.call.math.add(1, '2' as unknown as number));
    assert.deepEqual([error.code, error.origin], ['ERR_INVALID_PARAMS', 'remote']);
    assert.match(error.message, /^math\.add: its arguments do not fit: 1: /);
    const result = await failureOf(client.call.math.add(-1, 2));
    assert.deepEqual([result.code, result.outcome], ['ERR_INVALID_RESULT', 'executed']);
    await client.close();
  });

  it('checks at the end that calls: nothing that does not fit is sent, and arguments go as they were given', async () => {
    const { client } = createPair(service, { client: { middleware: [validation(schemas)] } });
    const error = await failureOf(client.call.math.add(1, '2' as unknown as number));
    assert.deepEqual([error.code, error.origin, error.outcome], ['ERR_INVALID_PARAMS', 'local', 'not-sent']);
    assert.equal(await client.call.length('four'), 'four');
    const result = await failureOf(client.call.math.add(-1, 2));
    assert.deepEqual(
      [result.code, result.origin, result.outcome],
      ['ERR_INVALID_RESULT', 'local', 'executed'],
    );
    await client.notify.math.add(1, 2);
    await client.close();
  });

  it('leaves streams what they are', async () => {
    const middleware = [validation(schemas)];
    const { client } = createPair(service, {
      client: { middleware },
      server: { serviceMiddleware: middleware },
    });
    const items: number[] = [];
    for await (const n of client.call.count(3)) items.push(n);
    assert.deepEqual(items, [1, 2, 3]);
    const stream = await client.call.count(1000);
    stream.cancel();
    await client.close();
  });

  it('refuses with ERR_BAD_ARGUMENT what is no schema', () =>
    assert.throws(() => validation({ add: { params: [{} as StandardSchema] } }), {
      code: 'ERR_BAD_ARGUMENT',
      message: /add/,
    }));
});

it('a description knows a function with schemas by the parameters that it was written with', () => {
  const service = { add: checked({ params: [z.number(), z.number()] }, (first, second) => first + second) };
  const [method] = describeService(methodsOf(service)).methods;
  assert.deepEqual(
    method?.params.map(({ name }) => name),
    ['first', 'second'],
  );
});

it('named parameters reach a function with schemas', async () => {
  const service = { sub: checked({ params: [z.number(), z.number()] }, (first, second) => first - second) };
  const { client } = createPair(service);
  const named = client.with({ params: 'named' }).call as unknown as { sub(o: object): Promise<number> };
  assert.equal(await named.sub({ second: 1, first: 3 }), 2);
  await client.close();
});
