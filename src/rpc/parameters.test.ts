import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { parametersOf } from './parameters.ts';

// Each is read as it stands: the runner of the tests keeps sources.
const half = (a: number, b = a / 2): number => a + b;
const cases: [string, (...args: never[]) => unknown, string[] | undefined][] = [
  ['no parameter', () => 0, []],
  ['one without brackets', new Function('return x => x')() as () => unknown, ['x']],
  ['one without brackets, promised', new Function('return async x => f(a, b)')() as () => unknown, ['x']],
  ['a string with brackets and commas', (a: string, sep = ', )', b = "'(") => a + sep + b, ['a', 'sep', 'b']],
  ['a template', (a = `,)${'}'.length}`, b = 1) => a + b, ['a', 'b']],
  ['a template with code', (a: number, b = `${[a].map((n) => `${n})`)},`) => b, ['a', 'b']],
  ['a division', half, ['a', 'b']],
  ['a division behind a bracket', (a: number, b = (a + 1) / 2, c = b / 2) => c, ['a', 'b', 'c']],
  ['a regular expression', (a = /[/),"]\/'/g, b = 1) => [a, b], ['a', 'b']],
  ['a rest', (a: number, ...more: number[]) => a + more.length, ['a', '...more']],
  ['a destructured one', ({ a, b }: { a: number; b: number }, c: number) => a + b + c, ['', 'c']],
  ['a destructured rest', (...[a, b]: number[]) => [a, b], ['...']],
  [
    'comments',
    new Function('return function(a /* , b) */, // c)\n d /* = " */ = 1) {}')() as () => unknown,
    ['a', 'd'],
  ],
  ['a comment before the arrow', new Function('return a/* ( */=>f(b, c)')() as () => unknown, ['a']],
  [
    'letters of every language',
    new Function('return (größe, 長さ) => 0')() as () => unknown,
    ['größe', '長さ'],
  ],
  ['an odd name of its own', { 'f(x, "': (a: number) => a }['f(x, "'] as () => unknown, ['a']],
  ['a computed name', new Function('return { ["f(x"](a) {} }["f(x"]')() as () => unknown, ['a']],
  [
    'a generator',
    async function* (from: number, to = "'") {
      yield from + to;
    },
    ['from', 'to'],
  ],
  ['a bound function', half.bind(undefined), undefined],
  [
    'what could be a division or not',
    new Function('return (a = {} / b / 1) => 0')() as () => unknown,
    undefined,
  ],
];

describe('names of parameters', () => {
  for (const [title, run, names] of cases)
    it(`${names === undefined ? 'are not guessed at' : 'are read past'}: ${title}`, () =>
      assert.deepEqual(parametersOf(run), names));
});
