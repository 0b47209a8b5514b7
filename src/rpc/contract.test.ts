import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { z } from 'zod';
import { readFile } from '../../test/suites/vectors.ts';
import { type Contract, contractOf, differenceOf } from './contract.ts';
import { createDescription } from './description.ts';
import { checked } from './middleware/checked.ts';
import { methodsOf } from './service.ts';

const of = (service: object): Contract => createDescription(methodsOf(service)).contract;
const user = z.object({ name: z.string(), age: z.number().optional() });

interface Vector {
  title: string;
  document: unknown;
  contract: Contract;
}

/** An OpenRPC document of one function with this schema of its result, beside others. */
const withResult = (schema: object, more: object = {}): object => ({
  methods: [{ name: 'f', params: [], result: { name: 'result', schema } }],
  ...more,
});

for (const { title, document, contract } of readFile<Vector>('contracts'))
  it(`of the vectors is that of ${title}`, () => assert.deepEqual(contractOf(document), contract));

describe('the contract of a service', () => {
  it('is the same for the same functions, in whatever order they stand and whatever they do', () => {
    const one = of({ add: (a: number, b: number) => a + b, find: (id: string) => id });
    const two = of({ find: (id: string) => `${id}!`, add: (a: number, b: number) => b + a });
    assert.deepEqual(one, two);
    assert.match(one.hash, /^[0-9a-f]{16}$/);
  });

  it('is the same in the document that the service gives, as JSON says it', async () => {
    const service = {
      rename: checked({ params: [user, z.string()], result: user }, (who) => who),
      async *count(to: number) {
        yield to;
      },
    };
    const description = createDescription(methodsOf(service));
    const document = JSON.parse(JSON.stringify(await description.document()));
    assert.deepEqual(contractOf(document), description.contract);
  });

  it('changes with the names and the number of parameters, with streams and with schemas', () => {
    const services = [
      { f: (a: number) => a },
      { f: (b: number) => b },
      { f: (a: number, b: number) => [a, b] },
      { f: (a: number, b = 1) => [a, b] },
      { f: (a: number, ...b: number[]) => [a, b] },
      {
        async *f(a: number) {
          yield a;
        },
      },
      { f: checked({ params: [z.number()] }, (a) => a) },
      { f: checked({ params: [z.string()] }, (a) => a) },
      { f: checked({ params: [z.number()], result: z.number() }, (a) => a) },
    ];
    const hashes = services.map((service) => of(service).methods['f']);
    assert.equal(new Set(hashes).size, services.length);
  });

  it('knows no words for people', () => {
    const plain = contractOf(withResult({ type: 'string' }));
    const told = withResult({ type: 'string', title: 'A', description: 'b', examples: ['c'], default: 'd' });
    assert.deepEqual(contractOf({ ...told, info: { title: 'x', version: '2' } }), plain);
  });

  it('takes a member of such a name for a member', () => {
    const properties = (name: string): object => ({ type: 'object', properties: { [name]: {} } });
    assert.notDeepEqual(
      contractOf(withResult(properties('title'))),
      contractOf(withResult(properties('description'))),
    );
    assert.notDeepEqual(
      contractOf(withResult({ const: { title: 1 } })),
      contractOf(withResult({ const: {} })),
    );
  });

  it('follows references, wherever and under whatever name their schemas stand', () => {
    const tree = (ref: string): object => ({
      type: 'object',
      properties: { left: { $ref: ref }, right: { $ref: ref } },
    });
    const one = withResult(
      { $ref: '#/components/schemas/Tree' },
      { components: { schemas: { Tree: tree('#/components/schemas/Tree') } } },
    );
    const two = withResult(
      { $ref: '#/definitions/a~1b' },
      { definitions: { 'a/b': tree('#/definitions/a~1b') } },
    );
    assert.deepEqual(contractOf(one), contractOf(two));
    assert.notDeepEqual(contractOf(one), contractOf(withResult({ $ref: '#/nowhere' })));
  });

  it('is refused of what is no OpenRPC document, or one that never ends', () => {
    for (const document of [undefined, null, 5, {}, { methods: 5 }, { methods: [5] }, { methods: [{}] }])
      assert.throws(() => contractOf(document), { code: 'ERR_BAD_ARGUMENT' });
    const many = Array.from({ length: 2000 }, (_, i) => [`p${i}`, {}]);
    const document = {
      methods: many.map(([name]) => ({ name, params: [], result: { schema: { $ref: '#/big' } } })),
      big: { properties: Object.fromEntries(many) },
    };
    assert.throws(() => contractOf(document), { code: 'ERR_BAD_ARGUMENT', message: /1000000 members/ });
  });

  it('takes names that JavaScript has a use for', () => {
    const document = {
      methods: [
        { name: '__proto__', params: [] },
        { name: 'toString', params: [] },
      ],
    };
    assert.deepEqual(Object.keys(contractOf(document).methods), ['__proto__', 'toString']);
  });
});

describe('the difference of two contracts', () => {
  const old = of({ a: (x: number) => x, b: () => 1, c: () => 2 });

  it('says what is missing, changed and added', () => {
    const now = of({ a: (y: number) => y, b: () => 1, d: () => 2 });
    assert.deepEqual(differenceOf(old, now), { missing: ['c'], changed: ['a'], added: ['d'] });
  });

  it('is none where functions were only added', () => {
    assert.equal(
      differenceOf(old, of({ a: (x: number) => x, b: () => 1, c: () => 2, d: () => 3 })),
      undefined,
    );
  });
});

describe('a description', () => {
  const many = Object.fromEntries(Array.from({ length: 20 }, (_, i) => [`f${i}`, () => i]));

  it('is made a few functions at a time, or at once where somebody asks', () => {
    const turns: (() => void)[] = [];
    const description = createDescription(methodsOf(many));
    description.prepare((work) => turns.push(work));
    for (const _ of [1, 2]) {
      turns.shift()?.();
      assert.equal(description.hash, undefined);
    }
    turns.shift()?.();
    assert.equal(description.hash, of(many).hash);
    assert.deepEqual(turns, []);
    const asked = createDescription(methodsOf(many));
    assert.equal(asked.contract.hash, description.hash);
    assert.equal(asked.hash, description.hash);
  });

  it('that cannot be made disturbs nobody but who asks for it', () => {
    const trap = {
      name: 'f',
      run: () => 1,
      owner: {},
      get parameters(): never {
        throw new Error('a defect');
      },
    };
    const turns: (() => void)[] = [];
    const description = createDescription(new Map([['f', trap]]));
    description.prepare((work) => turns.push(work));
    turns.shift()?.();
    assert.deepEqual([description.hash, turns], [undefined, []]);
    assert.throws(() => description.contract, { message: 'a defect' });
  });
});
