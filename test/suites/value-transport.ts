/** What every transport of values promises; each implementation runs it. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ValueReceiver, ValueTransport } from '../../src/channel/transport.ts';

export interface ValuePair {
  near: ValueTransport;
  far: ValueTransport;
  /** Whatever else has to go. The transports are destroyed by the suite. */
  cleanUp?: () => Promise<void> | void;
}

/** A receiver that keeps what it hears, and lets a test wait for it. */
export interface ValueEar extends ValueReceiver {
  readonly values: unknown[];
  /** `value`, `drain`, `close` in the order heard. */
  readonly heard: string[];
  readonly error: Error | undefined;
  until(what: string, condition: () => boolean): Promise<void>;
}

export function createValueEar(): ValueEar {
  const values: unknown[] = [];
  const heard: string[] = [];
  let error: Error | undefined;
  const waiters = new Set<() => void>();
  function hear(event: string): void {
    heard.push(event);
    for (const waiter of waiters) waiter();
  }
  return {
    values,
    heard,
    get error() {
      return error;
    },
    value(value) {
      values.push(value);
      hear('value');
    },
    drain: () => hear('drain'),
    close(reason) {
      error = reason;
      hear('close');
    },
    until(what, condition) {
      return new Promise((resolve, reject) => {
        const deadline = setTimeout(
          () =>
            reject(
              new Error(
                `not within 10 s: ${what}; heard ${heard.slice(-10).join(' ')}, ${values.length} values`,
              ),
            ),
          10_000,
        );
        const waiter = () => {
          if (!condition()) return;
          clearTimeout(deadline);
          waiters.delete(waiter);
          resolve();
        };
        waiters.add(waiter);
        waiter();
      });
    },
  };
}

export interface ValueAbilities {
  /** What a value may hold: anything of the structured clone. */
  structured: boolean;
  /** The other end hears the close of this one. Default true. */
  closesBoth?: boolean;
}

export function testValueTransport(
  name: string,
  open: () => Promise<ValuePair> | ValuePair,
  { structured, closesBoth = true }: ValueAbilities,
): void {
  function promise(
    text: string,
    body: (pair: ValuePair, ear: ValueEar, farEar: ValueEar) => Promise<void>,
  ): void {
    test(`${name}: ${text}`, { timeout: 30_000 }, async () => {
      const pair = await open();
      try {
        await body(pair, createValueEar(), createValueEar());
      } finally {
        pair.near.destroy();
        pair.far.destroy();
        await pair.cleanUp?.();
      }
    });
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
}
