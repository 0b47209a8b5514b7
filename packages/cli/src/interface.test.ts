// Documents of anybody, as modules of TypeScript.
import assert from 'node:assert/strict';
import { stripTypeScriptTypes } from 'node:module';
import { test } from 'node:test';
import fc from 'fast-check';
import { type Contract, contractOf } from 'kindred';
import { interfaceOf } from './interface.ts';

/** Text that would like to be code. */
const words = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 8 }),
  fc.constantFrom(
    '*/ globalThis.evil = 1; /*',
    "'];globalThis.evil = 1//",
    '`$\u007bevil}`',
    '\u2028',
    '\\',
    '"',
  ),
  fc.constantFrom(
    'a',
    'a.b',
    'a.b.c',
    '__proto__',
    'then',
    'constructor',
    '',
    '.',
    'new',
    '#/methods/0',
    '#/s',
  ),
);

const { schema } = fc.letrec((tie) => ({
  schema: fc.oneof(
    { maxDepth: 4 },
    fc.record(
      {
        type: fc.oneof(
          fc.constantFrom('string', 'integer', 'object', 'array', 'null', 'odd'),
          fc.array(words),
        ),
        enum: fc.array(fc.jsonValue({ maxDepth: 2 }), { maxLength: 3 }),
        const: fc.oneof(words, fc.jsonValue({ maxDepth: 2 })),
        $ref: words,
        title: words,
        description: words,
      },
      { requiredKeys: [] },
    ),
    fc.record(
      {
        type: fc.constantFrom('object', 'array'),
        properties: fc.dictionary(words, tie('schema'), { maxKeys: 3 }),
        required: fc.array(words, { maxLength: 3 }),
        additionalProperties: tie('schema'),
        items: fc.oneof(tie('schema'), fc.array(tie('schema'), { maxLength: 3 })),
        anyOf: fc.array(tie('schema'), { maxLength: 3 }),
        allOf: fc.array(tie('schema'), { maxLength: 3 }),
        nullable: fc.boolean(),
      },
      { requiredKeys: [] },
    ),
    fc.constantFrom(true, false, null, 5, []),
  ),
}));

const parameter = fc.record(
  { name: fc.oneof(words, fc.constant(5)), required: fc.boolean(), schema, $ref: words },
  { requiredKeys: ['name', 'schema'] },
);

const document = fc.record({
  methods: fc.array(
    fc.record(
      {
        name: words,
        summary: words,
        description: words,
        deprecated: fc.boolean(),
        params: fc.oneof(fc.array(parameter, { maxLength: 4 }), words),
        result: fc.oneof(fc.record({ schema }), words),
        paramStructure: fc.constantFrom('by-name', 'either'),
        'x-stream': fc.boolean(),
        'x-items': schema,
        'x-rest': fc.boolean(),
        'x-unnamed': fc.boolean(),
      },
      { requiredKeys: ['name'] },
    ),
    { maxLength: 5 },
  ),
  s: schema,
});

test('whatever a document says, its interface is TypeScript that does nothing but say the contract', async () => {
  await fc.assert(
    fc.asyncProperty(document, async (made) => {
      const text = interfaceOf(made as Record<string, unknown>, 'Any');
      const code = encodeURIComponent(stripTypeScriptTypes(text).toWellFormed());
      const module = (await import(`data:text/javascript,${code}`)) as { contract: Contract };
      assert.deepEqual(Object.keys(module), ['contract']);
      const { hash, methods } = contractOf(made);
      assert.deepEqual(Object.entries(module.contract.methods), Object.entries(methods));
      assert.equal(module.contract.hash, hash);
      assert.equal('evil' in globalThis, false);
    }),
    { numRuns: 300 },
  );
});
