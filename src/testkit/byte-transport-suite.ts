/**
 * What every transport of bytes promises, as cases for any test runner:
 * ```ts
 * for (const { name, run } of byteTransportSuite(open)) test(name, run);
 * ```
 * The project's own transports run it. One file, long as it is: a reader of a failure has one place to look.
 */
import assert from 'node:assert/strict';
import type { ByteTransport } from '../channel/transport.ts';
import { type SuiteCase, suiteCase } from './suite-case.ts';
import { type ByteEar, createByteEar } from './transport-ear.ts';

export interface BytePair {
  near: ByteTransport;
  far: ByteTransport;
  /** Whatever else has to go: a listener, a child. The transports are destroyed by the suite. */
  cleanUp?: () => Promise<void> | void;
}

export interface ByteAbilities {
  /** The end of one side leaves the other open. Default true. */
  halfOpen?: boolean;
  /** What was written just before `destroy` arrives, although the other end was writing. Default true. */
  lastWords?: boolean;
}

/** `open` makes two ends that are joined, anew for each case, none of them started. */
export function byteTransportSuite(
  open: () => Promise<BytePair> | BytePair,
  { halfOpen = true, lastWords = true }: ByteAbilities = {},
): SuiteCase[] {
  const cases: SuiteCase[] = [];

  function promise(
    name: string,
    body: (pair: BytePair, ear: ByteEar, farEar: ByteEar) => Promise<void>,
  ): void {
    const work = async (): Promise<void> => {
      const pair = await open();
      try {
        await body(pair, createByteEar(), createByteEar());
      } finally {
        pair.near.destroy();
        pair.far.destroy();
        await pair.cleanUp?.();
      }
    };
    cases.push(suiteCase(name, work));
  }

  promise('carries strings and bytes both ways, in order', async ({ near, far }, ear, farEar) => {
    near.start(ear);
    far.start(farEar);
    near.write(['one ', Buffer.from('two '), 'thr\u00e9\u20ac ']);
    near.write(['four ', 'five ']);
    near.write([new Uint8Array([0, 255, 128])]);
    far.write(['back']);
    const expected = Buffer.concat([
      Buffer.from('one two thr\u00e9\u20ac four five '),
      Buffer.from([0, 255, 128]),
    ]);
    await farEar.until('everything', () => farEar.size === expected.length);
    await ear.until('the answer', () => ear.size === 4);
    assert.deepEqual(farEar.bytes, expected);
    assert.equal(String(ear.bytes), 'back');
  });

  promise('loses nothing that arrived before start', async ({ near, far }, ear, farEar) => {
    near.start(ear);
    near.write(['early']);
    near.end();
    await near.flushed();
    await new Promise((resolve) => setImmediate(resolve));
    far.start(farEar);
    await farEar.until('the early bytes', () => farEar.heard.includes('end'));
    assert.equal(String(farEar.bytes), 'early');
    assert.deepEqual(farEar.heard.slice(0, 2), ['data', 'end']);
  });

  promise('says stop when too much waits, and drain when it goes on', async ({ near, far }, ear, farEar) => {
    near.start(ear);
    far.start(farEar);
    far.pause();
    const chunk = Buffer.alloc(64 * 1024, 7);
    let written = 0;
    let goesOn = true;
    for (; goesOn && written < 64 * 1024 * 1024; written += chunk.length) goesOn = near.write([chunk]);
    assert.equal(goesOn, false, 'write returns false before 64 MiB wait');
    far.resume();
    await ear.until('drain', () => ear.heard.includes('drain'));
    await farEar.until('all bytes', () => farEar.size === written);
  });

  promise('delivers nothing while paused, and everything after', async ({ near, far }, ear, farEar) => {
    near.start(ear);
    far.pause();
    far.start(farEar);
    near.write(['held back']);
    await near.flushed();
    await new Promise((resolve) => setImmediate(resolve));
    assert.equal(farEar.size, 0);
    far.resume();
    await farEar.until('the bytes', () => farEar.size === 9);
  });

  promise(
    'flushed tells when all is handed over, and that it was not when the transport is closed',
    async ({ near, far }, ear, farEar) => {
      near.start(ear);
      far.start(farEar);
      assert.equal(await near.flushed(), true);
      near.write(['x'.repeat(1_000_000)]);
      assert.equal(await near.flushed(), true);
      await farEar.until('all bytes', () => farEar.size === 1_000_000);
      far.pause();
      while (near.write(['y'.repeat(1_000_000)]));
      const flushed = near.flushed();
      near.destroy();
      assert.equal(await flushed, false);
      assert.equal(await near.flushed(), false);
    },
  );

  promise('end is heard after the last byte', async ({ near, far }, ear, farEar) => {
    near.start(ear);
    far.start(farEar);
    near.write(['z'.repeat(3_000_000)]);
    near.end();
    near.end();
    await farEar.until('the end', () => farEar.heard.includes('end'));
    assert.equal(farEar.size, 3_000_000);
    if (halfOpen) {
      far.write(['still here']);
      await ear.until('the answer', () => ear.size === 10);
      assert.deepEqual(ofInput(ear), ['data']);
    }
    far.end();
    await Promise.all(
      [ear, farEar].map((each) => each.until('the close', () => each.heard.includes('close'))),
    );
    assert.equal(ear.error, undefined);
    assert.equal(farEar.error, undefined);
    assert.deepEqual(ofInput(ear), halfOpen ? ['data', 'end', 'close'] : ['end', 'close']);
    assert.deepEqual(farEar.heard, ['data', 'end', 'close']);
  });

  promise('destroy closes both ends, each told once and last', async ({ near, far }, ear, farEar) => {
    near.start(ear);
    far.start(farEar);
    near.write(['a']);
    await farEar.until('a byte', () => farEar.size === 1);
    near.destroy();
    near.destroy();
    assert.equal(near.write(['too late']), false);
    near.end();
    near.pause();
    near.resume();
    near.ref();
    near.unref();
    await ear.until('the close', () => ear.heard.includes('close'));
    await farEar.until('the end', () => farEar.heard.includes('end') || farEar.heard.includes('close'));
    far.end();
    await farEar.until('the close', () => farEar.heard.includes('close'));
    await new Promise((resolve) => setImmediate(resolve));
    assert.deepEqual(ear.heard, ['close']);
    assert.equal(ear.error, undefined);
    assert.equal(farEar.heard.at(-1), 'close');
    assert.equal(farEar.heard.filter((event) => event === 'close').length, 1);
  });

  promise('a start after destroy tells the close', async ({ near, far }, ear, farEar) => {
    near.destroy();
    far.start(farEar);
    await farEar.until('the end', () => farEar.heard.includes('end') || farEar.heard.includes('close'));
    near.start(ear);
    await ear.until('the close', () => ear.heard.includes('close'));
    assert.deepEqual(ear.heard, ['close']);
  });

  promise(
    'writing to an end that is gone closes with an error, and never throws',
    async ({ near, far }, ear, farEar) => {
      near.start(ear);
      far.start(farEar);
      far.destroy();
      await farEar.until('the close', () => farEar.heard.includes('close'));
      const write = () => {
        if (ear.heard.includes('close')) return;
        near.write(['anybody there?']);
        setImmediate(write);
      };
      write();
      await ear.until('the close', () => ear.heard.includes('close'));
      if (!halfOpen && ear.error === undefined) return;
      assert.equal((ear.error as { code?: string } | undefined)?.code, 'ERR_PEER_GONE');
      assert.match(ear.error?.message ?? '', new RegExp(near.name.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')));
    },
  );

  if (lastWords) {
    promise(
      'hears the last words of an end that left while we were writing',
      async ({ near, far }, ear, farEar) => {
        near.start(ear);
        far.start(farEar);
        far.write(['hello']);
        await ear.until('the greeting', () => ear.size === 5);
        far.write([', and goodbye']);
        far.destroy();
        // The destroyed end closes its descriptor in this turn, so that this write fails before the goodbye is read.
        near.write(['anybody there?']);
        near.write(['really?']);
        await ear.until('the close', () => {
          if (ear.heard.includes('end') && !ear.heard.includes('close')) near.end();
          return ear.heard.includes('close');
        });
        assert.equal(String(ear.bytes), 'hello, and goodbye');
      },
    );
  }

  return cases;
}

/** Without `drain`: whether an end that will write no more is told of room does not matter. */
const ofInput = ({ heard }: ByteEar): string[] => heard.filter((event) => event !== 'drain');
