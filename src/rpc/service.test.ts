import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { describe as describeService } from './discover.ts';
import { argumentsFor, type Method, methodsOf } from './service.ts';

class Db {
  query(sql: string): string {
    return sql;
  }
}

class Shop extends EventTarget {
  private db = new Db();
  tools = { double: (n: number) => n * 2, db: new Db() };
  quote = (n: number): number => n;
  list(): unknown {
    return this.db;
  }
}

class BookShop extends Shop {
  override list(): string[] {
    return [];
  }
  read(): void {}
}

const namesOf = (service: object): string[] => [...methodsOf(service).keys()].sort();

describe('an instance of a class offers', () => {
  it('the methods of its classes, its own functions and those of its plain objects, never what it works with', () =>
    assert.deepEqual(namesOf(new BookShop()), ['list', 'quote', 'read', 'tools.double']));

  it('the same where it is a member of the service', () =>
    assert.deepEqual(namesOf({ db: new Db(), deep: { db: new Db() } }), ['db.query', 'deep.db.query']));

  it('nothing private', () =>
    assert.deepEqual(namesOf({ _own: () => 1, '#hidden': () => 1, constructor: () => 1, shown: () => 1 }), [
      'shown',
    ]));

  it('nothing that is built in', () => {
    assert.deepEqual(namesOf(new EventTarget()), []);
    assert.deepEqual(namesOf({ target: new EventTarget(), map: new Map(), url: new URL('a:b') }), []);
  });
});

function method(run: (...args: never[]) => unknown): Method {
  return methodsOf({ run }).get('run') ?? assert.fail();
}

describe('named parameters', () => {
  const given: [string, (...args: never[]) => unknown, Record<string, unknown>, unknown[]][] = [
    ['a string as default', (name = 'World') => name, { name: 'Ada' }, ['Ada']],
    [
      'the second default alone',
      (a: string, sep = ', ', b = 'x') => [a, sep, b],
      { a: 1, b: 2 },
      [1, undefined, 2],
    ],
    ['a division as default', (a: number, b = a / 2) => b, { a: 4 }, [4]],
    ['one parameter that is an object', (order: object) => order, { id: 1 }, [{ id: 1 }]],
    ['one parameter in parts', ({ id }: { id: number }) => id, { id: 1 }, [{ id: 1 }]],
    ['what stands before a rest', (a: number, ...more: number[]) => [a, more], { a: 1 }, [1]],
    ['none at all', () => 0, {}, []],
  ];
  for (const [title, run, named, args] of given)
    it(`find their places: ${title}`, () => assert.deepEqual(argumentsFor(method(run), named), args));

  const refused: [string, (...args: never[]) => unknown, RegExp][] = [
    ['a rest', (...more: number[]) => more, /by position/],
    ['no parameter', () => 0, /by position/],
    ['parameters in parts', ({ x }: { x: number }, y = 1) => [x, y], /by position/],
    ['a bound function', ((a: number) => a).bind(undefined), /by position/],
    ['a stranger', (a: number, b: number) => [a, b], /no parameter named x: its parameters are a, b/],
    ['a stranger before a rest', (a: number, ...b: number[]) => [a, b], /no parameter named x/],
  ];
  for (const [title, run, message] of refused)
    it(`are refused where they would be guessed at: ${title}`, () =>
      assert.throws(() => argumentsFor(method(run), { x: 1 }), { code: 'ERR_INVALID_PARAMS', message }));
});

it('a description tells names, places without a name, defaults and a rest', () => {
  const service = {
    greet: (name = 'World') => name,
    mix: ({ a }: { a: number }, b: number) => [a, b],
    sum: (first: number, ...more: number[]) => [first, more],
    bound: ((name = 'x') => name).bind(undefined),
  };
  const told = describeService(methodsOf(service)).methods.map(({ params, ...others }) => [
    params.map(({ name, required }) => (required ? name : `${name}?`)).join(),
    others['x-unnamed'] ?? false,
    others['x-rest'] ?? false,
  ]);
  assert.deepEqual(told, [
    ['name?', false, false],
    ['argument1,b', true, false],
    ['first,more?', false, true],
    ['', true, false],
  ]);
});
