import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { docCommentsIn, finderOf } from './doc-comments.ts';

const told = (source: string): Record<string, string> =>
  Object.fromEntries(docCommentsIn(source).map(({ path, remark }) => [path, remark.summary]));

describe('comments of a source', () => {
  it('belong to the function behind them, in whatever form it is declared', () => {
    assert.deepEqual(
      told(`#!/usr/bin/env node
/** What the file is. */
import { x } from './x.ts';
/** Adds. */
export const add = (...numbers: number[]): number => numbers.reduce((a, b) => a + b, 0);
/**
 * Counts
 * down.
 *
 * More of it.
 * @param from - the first
 */
export async function* countdown(from: number) { while (from > 0) yield from--; }
/** Is not told. */
function inner() { /** Nor this. */ function deeper() {} }
/** Overloaded. */
export function over(a: string): void;
/** A second time. */
export function over(a: number): void;
export function over(a: unknown) {}
/** Of a default. */ export default function main() {}
`),
      {
        add: 'Adds.',
        countdown: 'Counts down.',
        inner: 'Is not told.',
        over: 'Overloaded.',
        main: 'Of a default.',
      },
    );
  });

  it('stand under the names of the objects and classes around them', () => {
    assert.deepEqual(
      told(`
export const users: Users = {
  /** Finds. */
  async find(id: string) { return { /** No function. */ found: id }; },
  deep: {
    /** Quoted. */
    'a-b': () => 1,
    /** Short. */
    add,
  },
  list: [{ /** In a list. */ one() {} }],
} satisfies Users;
export class Shop<T> extends Store implements Open {
  /** Buys. */
  buy(what = { /** No. */ a: 1 }) {}
  /** Nobody calls it from outside. */
  static make() {}
  inner = {
    /** Sells. */
    // biome-ignore lint: a reason
    sell: async () => {},
  };
}
export default {
  /** Of the default. */
  run() {},
};
`),
      {
        'users.find': 'Finds.',
        'users.deep.a-b': 'Quoted.',
        'users.deep.add': 'Short.',
        'Shop.buy': 'Buys.',
        'Shop.inner.sell': 'Sells.',
        'default.run': 'Of the default.',
      },
    );
  });

  it('are found among strings, templates and regular expressions that look like code', () => {
    assert.deepEqual(
      told(`
const a = '/** no */ {', b = \`{ \${[1].map((x) => \`}\${x}{\`)} /** no */ export const c = 1;\`;
const d = /[{"'/]/.test(a) ? 4 / 2 / 1 : a.return / 2;
function e() { return /}"/; }
/** Yes. */
export const f = () => {};
`),
      { f: 'Yes.' },
    );
  });

  it('say nothing where the brackets do not match, and nothing that is empty', () => {
    assert.deepEqual(told('/** A. */ export const a = () => {'), {});
    assert.deepEqual(told('/** A. */ export const a = (] => {}'), {});
    assert.deepEqual(told("/** A. */ export const a = 'no end"), {});
    assert.deepEqual(told('/** */ export const a = 1; /** @internal */ export const b = 2;'), {});
  });

  it('give a summary, the whole text where that is more, and whether the function is deprecated', () => {
    const [one] = docCommentsIn(`/**
 * Adds with {@link plus | the sum}.
 *
 * Twice.
 * @deprecated use plus
 */
export const add = 1;`);
    assert.deepEqual(one?.remark, {
      summary: 'Adds with the sum.',
      description: 'Adds with the sum.\n\nTwice.',
      deprecated: true,
    });
  });

  it('are read in a time that grows with the length of the source alone', () => {
    const source = `${'const a = { b: [1, (2)] }; // c\n'.repeat(20_000)}/** Yes. */ export const f = 1;`;
    assert.deepEqual(told(source), { f: 'Yes.' });
  });
});

describe('the remark on a function', () => {
  const find = (source: string, ...methods: string[]): (string | undefined)[] =>
    methods.map((method) => finderOf(docCommentsIn(source), methods)(method)?.summary);
  const math = `
/** Adds vectors. */ function add() {}
export const math = { /** Adds numbers. */ add() {}, /** Multiplies. */ multiply() {} };`;

  it('is looked for in the one object that has most of the functions', () => {
    assert.deepEqual(find(math, 'add', 'multiply'), ['Adds numbers.', 'Multiplies.']);
    assert.deepEqual(find(math, 'add', 'math.add', 'math.multiply'), [
      'Adds vectors.',
      'Adds numbers.',
      'Multiplies.',
    ]);
  });

  it('is none where two objects have as many', () => {
    assert.deepEqual(find(math, 'add'), [undefined]);
    assert.deepEqual(find(math, 'other'), [undefined]);
  });
});
