import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import type { Need } from '../stack/stack.ts';
import {
  findCircle,
  mayStart,
  mayStop,
  type Needs,
  unmetNeeds,
  withDependents,
  withNeeds,
} from './start-order.ts';

const shop: Needs = {
  migrate: { db: 'ready' },
  api: { db: 'ready', migrate: 'ended', cache: 'started' },
  web: { api: 'healthy' },
};
const all = ['web', 'api', 'migrate', 'db', 'cache'];
const has =
  (...facts: `${string} ${Need}`[]) =>
  (service: string, need: Need): boolean =>
    facts.includes(`${service} ${need}`);

describe('the order of start', () => {
  it('lets all start at once that wait for nothing', () => {
    assert.deepEqual(mayStart(shop, all, has()), ['db', 'cache']);
  });

  it('lets one start when all that it needs is as far as it needs it', () => {
    assert.deepEqual(mayStart(shop, all, has('db started', 'cache started')), ['db', 'cache']);
    assert.deepEqual(mayStart(shop, ['api', 'migrate'], has('db ready', 'cache started')), ['migrate']);
    assert.deepEqual(mayStart(shop, ['api'], has('db ready', 'cache started', 'migrate ended')), ['api']);
  });

  it('says what one still waits for', () => {
    assert.deepEqual(unmetNeeds(shop, 'api', has('db ready')), [
      { service: 'migrate', need: 'ended' },
      { service: 'cache', need: 'started' },
    ]);
  });

  it('brings along what is needed, first', () => {
    assert.deepEqual(withNeeds(shop, ['web']), ['db', 'migrate', 'cache', 'api', 'web']);
    assert.deepEqual(withNeeds(shop, ['cache']), ['cache']);
  });
});

describe('the order of stop', () => {
  it('is the reversed one, in parallel where nobody needs another', () => {
    assert.deepEqual(mayStop(shop, all, all), ['web']);
    assert.deepEqual(mayStop(shop, all, ['api', 'migrate', 'db', 'cache']), ['web', 'api']);
    assert.deepEqual(mayStop(shop, ['db', 'cache', 'migrate'], ['db', 'cache', 'migrate']), [
      'cache',
      'migrate',
    ]);
  });

  it('does not wait for services that are to stay, though they need it', () => {
    assert.deepEqual(mayStop(shop, ['db'], all), ['db']);
  });

  it('brings along what cannot do without', () => {
    assert.deepEqual(withDependents(shop, ['migrate']), ['web', 'api', 'migrate']);
  });
});

it('a circle is named, from where it closes', () => {
  assert.deepEqual(findCircle({ a: ['b'], b: ['c'], c: ['d'], d: ['b'] }), ['b', 'c', 'd']);
  assert.deepEqual(findCircle({ a: ['a'] }), ['a']);
  assert.equal(findCircle({ a: ['b', 'c'], b: ['c'], c: [], constructor: ['a'] }), undefined);
});

it('of any needs without a circle all start, none before what it needs, and all stop the other way round', () => {
  const graphs = fc.array(fc.array(fc.nat(20), { maxLength: 4 }), { maxLength: 20 });
  fc.assert(
    fc.property(graphs, (edges) => {
      const names = edges.map((_, index) => `s${index}`);
      const needs: Needs = Object.fromEntries(
        edges.map((others, index) => [
          `s${index}`,
          Object.fromEntries(
            others.filter((other) => other < index).map((other) => [`s${other}`, 'ready' as const]),
          ),
        ]),
      );
      const started: string[] = [];
      while (started.length < names.length) {
        const now = mayStart(
          needs,
          names.filter((name) => !started.includes(name)),
          (name) => started.includes(name),
        );
        assert.notEqual(now.length, 0);
        started.push(...now);
      }
      const running = new Set(names);
      while (running.size > 0) {
        const now = mayStop(needs, [...running], [...running]);
        assert.notEqual(now.length, 0);
        for (const name of now) running.delete(name);
        for (const name of now)
          for (const other of running) assert.ok(!Object.hasOwn(needs[other] ?? {}, name));
      }
      assert.deepEqual(withNeeds(needs, names).toSorted(), names.toSorted());
    }),
  );
});
