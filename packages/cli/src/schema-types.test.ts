import assert from 'node:assert/strict';
import { test } from 'node:test';
import { runInNewContext } from 'node:vm';
import { SchemaTypes } from './schema-types.ts';
import { commentOf, quoted } from './typescript-text.ts';

const typeOf = (schema: unknown): string => new SchemaTypes({}).typeOf(schema);

for (const [type, schema] of [
  ['unknown', {}],
  ['unknown', true],
  ['unknown', undefined],
  ['never', false],
  ['number', { type: 'integer', minimum: 3 }],
  ['string | null', { type: ['string', 'null'] }],
  ['string | null', { type: 'string', nullable: true }],
  ["'a' | 'b' | 5 | null", { type: 'string', enum: ['a', 'b', 5, null] }],
  ["{ 'a-b': [1, true] }", { const: { 'a-b': [1, true] } }],
  ['number[]', { type: 'array', items: { type: 'number' } }],
  ['(number | string)[]', { items: { anyOf: [{ type: 'number' }, { type: 'string' }] } }],
  ['unknown[]', { type: 'array' }],
  [
    '[number, string?, ...boolean[]]',
    {
      type: 'array',
      items: [{ type: 'number' }, { type: 'string' }],
      additionalItems: { type: 'boolean' },
      minItems: 1,
    },
  ],
  ['[number]', { prefixItems: [{ type: 'number' }], items: false, minItems: 1 }],
  ['[]', { type: 'array', items: [], maxItems: 0 }],
  [
    '{ a: string; b?: number }',
    {
      type: 'object',
      properties: { a: { type: 'string' }, b: { type: 'number' } },
      required: ['a'],
      additionalProperties: false,
    },
  ],
  ['{ [name: string]: number }', { type: 'object', additionalProperties: { type: 'number' } }],
  ['{ [name: string]: unknown }', { type: 'object' }],
  ['{ [name: string]: never }', { type: 'object', additionalProperties: false }],
  [
    '{ a?: string; [name: string]: number | string | undefined }',
    { properties: { a: { type: 'string' } }, additionalProperties: { type: 'number' } },
  ],
  [
    '{ a?: unknown } & { b?: unknown }',
    { allOf: [{ properties: { a: {} } }, { properties: { b: {} } }, {}] },
  ],
  [
    '({ a?: unknown } & (string | number))[]',
    {
      items: { properties: { a: {} }, oneOf: [{ type: 'string' }, { type: 'number' }] },
    },
  ],
] as const)
  test(`${JSON.stringify(schema)} is ${type}`, () => assert.equal(typeOf(schema), type));

test('an object with words, or with many members, stands on lines of its own', () => {
  assert.equal(
    typeOf({ properties: { a: { type: 'object', properties: { b: { description: 'How\nmany' } } } } }),
    '{\n  a?: {\n    /**\n     * How\n     * many\n     */\n    b?: unknown;\n  };\n}',
  );
});

test('what is referred to gets a name, once, and may be in itself', () => {
  const tree = {
    type: 'object',
    properties: { left: { $ref: '#/a/tree~1node' }, value: { $ref: '#/b/Promise' } },
  };
  const types = new SchemaTypes({ a: { 'tree/node': tree }, b: { Promise: { type: 'number' } } }, [
    'Service',
  ]);
  assert.equal(types.typeOf({ type: 'array', items: { $ref: '#/a/tree~1node' } }), 'TreeNode[]');
  assert.deepEqual(types.declarations(), [
    'export type TreeNode = { left?: TreeNode; value?: Promise2 };',
    'export type Promise2 = number;',
  ]);
});

test('what refers to nothing, to elsewhere, or to itself alone is unknown', () => {
  const types = new SchemaTypes({
    s: {
      a: { $ref: '#/s/b' },
      b: { anyOf: [{ $ref: '#/s/a' }, { type: 'string' }] },
      list: { type: 'array', items: { $ref: '#/s/list' } },
    },
  });
  for (const ref of ['#/nowhere', '#', 'https://example.org/x', '#/s/a/__proto__', '#/s/%'])
    assert.equal(types.typeOf({ $ref: ref }), 'unknown');
  for (const name of ['a', 'list']) types.typeOf({ $ref: `#/s/${name}` });
  assert.deepEqual(types.declarations(), [
    'export type A = unknown;',
    'export type List = List[];',
    'export type B = unknown;',
  ]);
});

test('words cannot end the comment that they stand in, or hide in it', () => {
  assert.equal(commentOf('a */ b\u202e\u0007\u2028c'), '/**\n * a *\\/ b\n * c\n */\n');
  assert.equal(commentOf('  '), '');
  assert.ok(commentOf('x'.repeat(1_000_000)).length < 3000);
});

test('strings are what they were, in quotes', () => {
  for (const text of ["a'b", 'a"b', 'a\nb', '\\', '\u2028', '\ud800', '*/', '$\u007bx}`', '\u202e'])
    assert.equal(runInNewContext(quoted(text)), text);
});

test('names stand without quotes where every compiler takes them for names', () => {
  const properties = { größe: {}, 名前: {}, '\u{323b0}': {}, 'a-b': {}, class: {} };
  assert.equal(
    typeOf({ properties }),
    "{\n  größe?: unknown;\n  名前?: unknown;\n  '\u{323b0}'?: unknown;\n  'a-b'?: unknown;\n  class?: unknown;\n}",
  );
});

test('a schema without end is cut off', () => {
  let deep: unknown = { type: 'string' };
  for (let i = 0; i < 400; i++) deep = { type: 'array', items: deep };
  assert.equal(typeOf(deep), `unknown${'[]'.repeat(41)}`);
  const wide = Object.fromEntries(Array.from({ length: 1000 }, (_, i) => [`p${i}`, { $ref: '#/wide' }]));
  const types = new SchemaTypes({ wide: { properties: wide } });
  for (let i = 0; i < 200; i++) types.typeOf({ properties: wide });
  assert.equal(types.typeOf({ type: 'string' }), 'unknown');
});
