import assert from 'node:assert/strict';
import { it } from 'node:test';
import * as metaSchema from '@open-rpc/meta-schema';
import { Ajv } from 'ajv';
import { type } from 'arktype';
import * as v from 'valibot';
import { z } from 'zod';
import { createDescription } from './description.ts';
import { describe, type OpenRpc, type OpenRpcMethod } from './discover.ts';
import { checked } from './middleware/checked.ts';
import { validation } from './middleware/validation.ts';
import { methodsOf } from './service.ts';

const draft7 = 'http://json-schema.org/draft-07/schema#';
const anySchema = 'https://meta.json-schema.tools';

/** For the schemas in a document the meta-schema names another one; the draft on which that is built stands in for it. */
function createValidator(): (document: unknown) => string {
  // Its types do not tell what it exports.
  const { $schema: _, ...schema } = (metaSchema as unknown as { openrpcDocument: { $schema: string } })
    .openrpcDocument;
  const ajv = new Ajv({ strict: false, validateFormats: false });
  ajv.addSchema({ $ref: draft7 }, anySchema);
  ajv.addSchema(
    { definitions: { JSONSchemaObject: { properties: { $ref: { type: 'string' } } } } },
    `${anySchema}/`,
  );
  const validate = ajv.compile(schema);
  return (document) => {
    validate(document);
    return ajv.errorsText(validate.errors);
  };
}

it('describes every kind of function in a document that the OpenRPC meta-schema allows', () => {
  const service = {
    none: () => {},
    defaults: (a: number, sep = ', ') => [a, sep],
    rest: (a: number, ...more: number[]) => [a, more],
    parts: ({ a }: { a: number }, b: number) => [a, b],
    bound: ((a: number, b: number) => [a, b]).bind(undefined),
    async *stream(from: number) {
      yield from;
    },
    nested: { deep: { hello: () => 'hello' } },
  };
  const validate = createValidator();
  const document = describe(methodsOf(service));
  assert.equal(document.methods.length, 7);
  assert.equal(validate(JSON.parse(JSON.stringify(document))), 'No errors');
  assert.equal(validate(JSON.parse(JSON.stringify(describe(methodsOf({}))))), 'No errors');
  assert.match(validate({ ...document, methods: [{ name: 'x', params: 5 }] }), /params must be array/);
});

const documentOf = (service: object): Promise<OpenRpc> => createDescription(methodsOf(service)).document();
const methodOf = async (run: object): Promise<OpenRpcMethod> =>
  (await documentOf({ run })).methods[0] as OpenRpcMethod;
const text = { type: 'string' };
const number = { type: 'number' };

for (const [library, { one, changing, pair, rest, list }] of Object.entries({
  zod: {
    one: z.object({ name: z.string(), age: z.number().optional() }),
    changing: z.string().transform((of) => of.length),
    pair: z.tuple([z.number(), z.string()]),
    rest: z.tuple([z.number()]).rest(z.string()),
    list: z.array(z.number()).min(1),
  },
  arktype: {
    one: type({ name: 'string', 'age?': 'number' }),
    changing: type('string').pipe((of) => of.length),
    pair: type(['number', 'string']),
    rest: type(['number', '...', 'string[]']),
    list: type('number[] > 0'),
  },
})) {
  it(`says what ${library} says of its schemas: of arguments what goes in, of a result what comes out`, async () => {
    const whole = { type: 'object', properties: { name: text, age: number }, required: ['name'] };
    const { params, result } = await methodOf(
      checked({ params: [one, changing], result: changing }, () => 'x'),
    );
    assert.deepEqual(
      params.map(({ schema }) => schema),
      [whole, text],
    );
    // What a transform makes of it is not known.
    assert.deepEqual(result.schema, {});
  });

  it(`takes one schema of ${library} for all arguments apart`, async () => {
    const two = await methodOf(checked({ params: pair }, (count, unit) => [count, unit]));
    assert.deepEqual(two.params, [
      { name: 'count', required: true, schema: number },
      { name: 'unit', required: true, schema: text },
    ]);
    const more = await methodOf(checked({ params: rest }, (count, ...units) => [count, units]));
    assert.deepEqual(more.params, [
      { name: 'count', required: true, schema: number },
      { name: 'units', required: false, schema: text },
    ]);
    assert.equal(more['x-rest'], true);
  });

  it(`takes a list of ${library} without an end for further arguments`, async () => {
    const { params, ...method } = await methodOf(checked({ params: list }, (...all) => all));
    assert.deepEqual(params, [{ name: 'all', required: false, schema: number }]);
    assert.equal(method['x-rest'], true);
  });
}

it('says nothing for a library that has no JSON Schema, and for schemas that it cannot say', async () => {
  for (const schema of [v.string(), z.date(), z.map(z.string(), z.string())]) {
    const { params, result } = await methodOf(
      checked({ params: [schema], result: schema }, (a) => a as never),
    );
    assert.deepEqual([params[0]?.schema, result.schema], [{}, {}]);
  }
});

it('counts parameters by their schemas, and marks those that may be left out', async () => {
  const sometimes = z.number().optional();
  const { params, ...more } = await methodOf(
    checked({ params: [sometimes, z.number(), sometimes, v.optional(v.number())] }, (a, b) => [a, b]),
  );
  assert.deepEqual(
    params.map(({ name, required }) => [name, required]),
    [
      ['a', true],
      ['b', true],
      ['argument3', false],
      ['argument4', false],
    ],
  );
  assert.equal(more['x-unnamed'], true);
});

it('tells a stream by the schema of its items, whatever kind of function makes it', async () => {
  const method = await methodOf(
    checked({ params: [], items: z.number() }, () => new ReadableStream<number>()),
  );
  assert.deepEqual([method['x-stream'], method['x-items'], method.result.schema], [true, number, {}]);
});

it('lets schemas that refer to themselves find their parts, in a document that OpenRPC allows', async () => {
  const tree = z.object({
    value: z.number(),
    get left(): z.ZodOptional<typeof tree> {
      return tree.optional();
    },
  });
  const named = type({ value: 'number', 'next?': 'this' });
  const document = await documentOf({
    'a b': checked({ params: [tree, named], result: tree }, (a) => a),
    'a.b': checked({ params: z.tuple([tree]) }, (a) => a),
    a_b: checked({ params: [tree] }, (a) => a),
  });
  const json: unknown = JSON.parse(JSON.stringify(document));
  assert.equal(createValidator()(json), 'No errors');
  const refs = [...JSON.stringify(document).matchAll(/"\$ref":"([^"]+)"/g)].map(([, ref = '']) => ref);
  assert.ok(refs.length >= 8);
  for (const ref of refs) {
    const found = ref
      .slice(2)
      .split('/')
      .reduce<unknown>((part, key) => (part as Record<string, unknown>)[key], json);
    assert.equal(typeof found, 'object', ref);
  }
  // The schemas do what they say: a validator that knows nothing of us finds its way.
  const [param] = document.methods[0]?.params ?? [];
  const ajv = new Ajv({ strict: false });
  const fits = ajv.compile({ ...param?.schema, components: document.components });
  assert.equal(fits({ value: 1, left: { value: 2 } }), true);
  assert.equal(fits({ value: 1, left: { value: 'two' } }), false);
});

it('lets the schemas of the outermost middleware speak for what goes in and comes out', async () => {
  const service = { f: checked({ params: [z.string()], result: z.string() }, (a) => a) };
  const middleware = [
    validation({ f: { params: [z.number()] } }),
    validation({ f: { params: [z.boolean()], result: z.number() } }),
  ];
  const { methods } = await createDescription(methodsOf(service), { middleware }).document();
  assert.deepEqual([methods[0]?.params[0]?.schema, methods[0]?.result.schema], [number, number]);
});
