import assert from 'node:assert/strict';
import { it } from 'node:test';
import * as metaSchema from '@open-rpc/meta-schema';
import { Ajv } from 'ajv';
import { describe } from './discover.ts';
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
