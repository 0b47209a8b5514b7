/** What every transport of values promises, as cases for any test runner; see `byte-transport-suite.ts`. */
import assert from 'node:assert/strict';
import type { ValueTransport } from '../channel/transport.ts';
import { type SuiteCase, suiteCase } from './suite-case.ts';
import { createValueEar, type ValueEar } from './transport-ear.ts';

export interface ValuePair {
  near: ValueTransport;
  far: ValueTransport;
  /** Whatever else has to go. The transports are destroyed by the suite. */
  cleanUp?: () => Promise<void> | void;
}

export interface ValueAbilities {
  /** A value may hold anything of the structured clone. */
  structured: boolean;
  /** The other end hears the close of this one. Default true. */
  closesBoth?: boolean;
}

/** `open` makes two ends that are joined, anew for each case, none of them started. */
export function valueTransportSuite(
  open: () => Promise<ValuePair> | ValuePair,
  { structured, closesBoth = true }: ValueAbilities,
): SuiteCase[] {
  const cases: SuiteCase[] = [];

  function promise(
    name: string,
    body: (pair: ValuePair, ear: ValueEar, farEar: ValueEar) => Promise<void>,
  ): void {
    const work = async (): Promise<void> => {
      const pair = await open();
      try {
        await body(pair, createValueEar(), createValueEar());
      } finally {
        pair.near.destroy();
        pair.far.destroy();
        await pair.cleanUp?.();
      }
    };
    cases.push(suiteCase(name, work));
  }

  const closed = (ear: ValueEar) => () => ear.heard.includes('close');

  promise('carries values both ways, in order', async ({ near, far }, ear, farEar) => {
    near.start(ear);
    far.start(farEar);
    const values = [{ a: [1, 'two', null, { three: true }] }, 'text', 0, false, [], {}];
    for (const value of values) near.post(value);
    far.post({ back: 1 });
    await farEar.until('all values', () => farEar.values.length === values.length);
    await ear.until('the answer', () => ear.values.length === 1);
    assert.deepEqual(farEar.values, values);
    assert.deepEqual(ear.values, [{ back: 1 }]);
  });

  if (structured)
    promise('carries what the structured clone carries', async ({ near, far }, ear, farEar) => {
      near.start(ear);
      far.start(farEar);
      const value = {
        when: new Date(0),
        map: new Map([[1, new Set(['a'])]]),
        bytes: new Uint8Array([1, 2]),
        big: 1n,
        none: undefined,
      };
      near.post(value);
      await farEar.until('the value', () => farEar.values.length === 1);
      assert.deepEqual(farEar.values, [value]);
    });

  promise('loses nothing that arrived before start', async ({ near, far }, ear, farEar) => {
    near.start(ear);
    for (let i = 0; i < 100; i++) near.post(i);
    await near.flushed();
    for (let turn = 0; turn < 20; turn++) await new Promise((resolve) => setImmediate(resolve));
    far.start(farEar);
    near.post(100);
    await farEar.until('all values', () => farEar.values.length === 101);
    assert.deepEqual(farEar.values, [...Array(101).keys()]);
  });

  promise(
    'a value that cannot be cloned is ERR_NOT_ENCODABLE, and does no harm',
    async ({ near, far }, ear, farEar) => {
      near.start(ear);
      far.start(farEar);
      const cycle: { self?: unknown } = {};
      cycle.self = cycle;
      for (const value of [() => {}, Symbol('s'), ...(near.clone === 'json' ? [undefined, 1n, cycle] : [])])
        assert.throws(() => near.post(value), { code: 'ERR_NOT_ENCODABLE' });
      near.post('after');
      await near.flushed();
      await farEar.until('the value after', () => farEar.values.length === 1);
      assert.deepEqual(farEar.values, ['after']);
    },
  );

  promise(
    'many values written at once all arrive, and flushed tells when they are handed over',
    async ({ near, far }, ear, farEar) => {
      near.start(ear);
      far.start(farEar);
      await near.flushed();
      const text = 'x'.repeat(10_000);
      let blocked = false;
      for (let i = 0; i < 500; i++) blocked = !near.post({ i, text }) || blocked;
      await near.flushed();
      await farEar.until('all values', () => farEar.values.length === 500);
      if (blocked) await ear.until('drain', () => ear.heard.includes('drain'));
    },
  );

  promise('end closes after the last value', async ({ near, far }, ear, farEar) => {
    near.start(ear);
    far.start(farEar);
    for (let i = 0; i < 300; i++) near.post({ i, text: 'x'.repeat(1000) });
    near.end();
    near.end();
    await ear.until('the close', closed(ear));
    await farEar.until('all values', () => farEar.values.length === 300);
    assert.equal(ear.error, undefined);
    if (!closesBoth) return;
    await farEar.until('the close', closed(farEar));
    assert.equal(farEar.error, undefined);
    assert.equal(farEar.heard.at(-1), 'close');
  });

  promise('destroy closes both ends, each told once and last', async ({ near, far }, ear, farEar) => {
    near.start(ear);
    far.start(farEar);
    near.post('a');
    await farEar.until('a value', () => farEar.values.length === 1);
    near.destroy();
    near.destroy();
    assert.equal(near.post('too late'), false);
    near.end();
    await ear.until('the close', closed(ear));
    if (closesBoth) await farEar.until('the close', closed(farEar));
    await near.flushed();
    await new Promise((resolve) => setImmediate(resolve));
    assert.deepEqual(ear.heard, ['close']);
    assert.equal(ear.error, undefined);
    if (closesBoth) assert.deepEqual(farEar.heard, ['value', 'close']);
  });

  promise('what closed before start tells it at start', async ({ near, far }, ear, farEar) => {
    far.post('last words');
    await far.flushed();
    far.start(farEar);
    far.end();
    await farEar.until('the close', closed(farEar));
    if (!closesBoth) return;
    for (let turn = 0; turn < 20; turn++) await new Promise((resolve) => setImmediate(resolve));
    near.start(ear);
    await ear.until('the close', closed(ear));
    assert.deepEqual(ear.heard, ['value', 'close']);
    assert.deepEqual(ear.values, ['last words']);
  });

  return cases;
}
