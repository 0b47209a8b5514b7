import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { testByteTransport } from '../../test/suites/byte-transport.ts';
import type { KindredError } from '../base/errors.ts';
import { createTestClock } from './clock.ts';
import { createFaultyPair, type FaultyPair, type FaultyPairOptions } from './faulty-pair.ts';
import { createPair } from './pair.ts';
import { type ByteEar, createByteEar } from './transport-ear.ts';

// While nothing is asked of it that a network does not keep, it is a transport like any other.
testByteTransport('a line without faults', async () => createFaultyPair());
testByteTransport('a line that is slow and cuts what it carries', async () =>
  createFaultyPair({ delayMs: [0, 3], chunkBytes: [100_000, 900_000], seed: 1 }),
);

interface Heard {
  pair: FaultyPair;
  near: ByteEar;
  far: ByteEar;
}

function start(options: FaultyPairOptions): Heard {
  const pair = createFaultyPair(options);
  const near = createByteEar();
  const far = createByteEar();
  pair.near.start(near);
  pair.far.start(far);
  return { pair, near, far };
}

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

describe('a faulty line', () => {
  it('delivers when the clock says so, and in order', async () => {
    const clock = createTestClock();
    const { pair, far } = start({ clock, delayMs: [10, 50], chunkBytes: [1, 3], seed: 7 });
    pair.near.write(['0123456789']);
    await clock.advance(9);
    assert.equal(far.size, 0);
    await clock.advance(500);
    assert.equal(String(far.bytes), '0123456789');
  });

  it('does the same again with the same seed, and something else with another', async () => {
    const play = async (seed: number): Promise<string> => {
      const { pair, far } = start({ loseOneOf: 3, chunkBytes: [1, 4], seed });
      for (let i = 0; i < 10; i++) pair.near.write(['abcdefghij']);
      await turn();
      return String(far.bytes);
    };
    assert.equal(await play(5), await play(5));
    assert.notEqual(await play(5), await play(6));
    assert.ok((await play(5)).length < 100);
  });

  it('is cut after so many bytes: both ends hear of it, and the rest is lost', async () => {
    const { pair, near, far } = start({ cutAfterBytes: 25 });
    for (let i = 0; i < 5; i++) pair.near.write(['0123456789']);
    await turn();
    assert.equal(far.size, 20);
    for (const ear of [near, far]) {
      assert.equal(ear.heard.at(-1), 'close');
      assert.equal((ear.error as KindredError | undefined)?.code, 'ERR_PEER_GONE');
    }
  });

  it('is half-open after so many bytes: nothing arrives any more, and nobody is told', async () => {
    const { pair, near, far } = start({ silentAfterBytes: 10 });
    pair.near.write(['0123456789']);
    await turn();
    pair.near.write(['lost, as what follows']);
    pair.far.write(['hello?']);
    pair.far.end();
    await turn();
    assert.equal(far.size, 31, 'the chunk that crosses the bound is the last');
    assert.deepEqual([near.heard, far.heard], [[], ['data']]);
  });

  it('may be silent in one direction only', async () => {
    const { pair, near, far } = start({});
    pair.silence('near');
    pair.near.write(['there']);
    pair.far.write(['back']);
    await turn();
    assert.deepEqual([String(far.bytes), near.size], ['there', 0]);
  });

  it('tells its seed where none was given', () => {
    assert.notEqual(createFaultyPair().seed, createFaultyPair().seed);
  });
});

describe('two peers over a faulty line', () => {
  const service = { echo: (text: string) => text, never: () => new Promise<void>(() => {}) };

  it('lose their calls with the line, and say so', async () => {
    const line = createFaultyPair({ seed: 3 });
    const { client } = createPair(service, { transports: [line.near, line.far] });
    assert.equal(await client.call.echo('here'), 'here');
    const failed = assert.rejects(client.call.never(), { code: 'ERR_PEER_GONE', outcome: 'unknown' });
    await turn();
    line.cut();
    await failed;
  });

  it('find out by their heartbeat that it went silent', async () => {
    const clock = createTestClock();
    const line = createFaultyPair({ clock });
    const { client } = createPair(service, {
      over: 'binary',
      transports: [line.near, line.far],
      clock,
      client: { clock, heartbeatMs: 1000 },
    });
    assert.equal(await client.call.echo('here'), 'here');
    const failed = assert.rejects(client.call.never(), { code: 'ERR_PEER_GONE' });
    await turn();
    line.silence();
    await clock.advance(10_000);
    await failed;
  });
});
