import assert from 'node:assert/strict';
import { Buffer } from 'node:buffer';
import { once } from 'node:events';
import type { Socket } from 'node:net';
import { describe, it } from 'node:test';
import { socketPair } from '../../test/programs/socket-pair.ts';
import { createTestClock } from '../testkit/clock.ts';
import { startReading } from './node-internals.ts';
import { peek } from './peek.ts';

/** All that comes until the client's end. */
async function readAll(socket: Socket): Promise<Buffer> {
  const chunks: Buffer[] = [];
  socket.on('data', (chunk: Buffer) => chunks.push(chunk));
  startReading(socket);
  await once(socket, 'end');
  return Buffer.concat(chunks);
}

const all = Buffer.from(Array.from({ length: 1024 }, (_, i) => (i * 7) & 255));

describe('a look at the first bytes', () => {
  it('ends as soon as they are enough, and leaves every byte in the connection', async () => {
    const { accepted, client, close } = await socketPair();
    client.write(all.subarray(0, 100));
    const enough = (bytes: Buffer): boolean => bytes.length >= 100;
    const seen = await peek(accepted, { bytes: 1024, timeoutMs: 20_000, enough }).seen;
    assert.deepEqual(seen, all.subarray(0, 100));
    client.end(all.subarray(100));
    assert.deepEqual(await readAll(accepted), all);
    await close();
  });

  it('ends when there are as many as asked for, and shows no more', async () => {
    const { accepted, client, close } = await socketPair();
    client.end(all);
    const seen = await peek(accepted, { bytes: 10, timeoutMs: 20_000 }).seen;
    assert.deepEqual(seen, all.subarray(0, 10));
    assert.deepEqual(await readAll(accepted), all);
    await close();
  });

  it('reads no more of the connection afterwards', async () => {
    const { accepted, client, close } = await socketPair();
    client.write(all.subarray(0, 10));
    await peek(accepted, { bytes: 10, timeoutMs: 20_000 }).seen;
    client.write(all.subarray(10));
    // A whole round trip on another connection, after that of these bytes.
    const other = await socketPair();
    other.client.write('x');
    other.accepted.resume();
    await once(other.accepted, 'data');
    assert.equal(accepted.readableLength, 10);
    await close();
    await other.close();
  });

  for (const length of [0, 5])
    it(`ends when the client writes no more, after ${length} bytes, and does not end our side`, async () => {
      const { accepted, client, close } = await socketPair();
      client.end(all.subarray(0, length));
      const seen = await peek(accepted, { bytes: 10, timeoutMs: 20_000 }).seen;
      assert.deepEqual(seen, all.subarray(0, length));
      await new Promise((resolve) => setImmediate(resolve));
      assert.equal(accepted.writable, true);
      assert.equal(accepted.destroyed, false);
      client.resume();
      accepted.end('bye');
      const [answer] = (await once(client, 'data')) as [Buffer];
      assert.equal(answer.toString(), 'bye');
      await close();
    });

  it('ends when its time is over, with what there is', async () => {
    const clock = createTestClock();
    const { accepted, client, close } = await socketPair();
    const { promise: three, resolve } = Promise.withResolvers<void>();
    const enough = (bytes: Buffer): boolean => {
      if (bytes.length === 3) resolve();
      return false;
    };
    const { seen } = peek(accepted, { bytes: 10, timeoutMs: 500, enough }, clock);
    client.write(all.subarray(0, 3));
    await three;
    await clock.advance(500);
    assert.deepEqual(await seen, all.subarray(0, 3));
    client.end(all.subarray(3));
    assert.deepEqual(await readAll(accepted), all);
    await close();
  });

  it('ends when it is stopped, and when the client resets', async () => {
    const stopped = await socketPair();
    const peeking = peek(stopped.accepted, { bytes: 10, timeoutMs: 20_000 });
    peeking.stop();
    assert.equal((await peeking.seen).length, 0);
    await stopped.close();
    const reset = await socketPair();
    const { seen } = peek(reset.accepted, { bytes: 10, timeoutMs: 20_000 });
    reset.client.resetAndDestroy();
    assert.equal((await seen).length, 0);
    assert.equal(reset.accepted.destroyed, true);
  });

  it('fails with what the question whether they are enough throws', async () => {
    const { accepted, client, close } = await socketPair();
    client.write('x');
    const enough = (): boolean => {
      throw new RangeError('no');
    };
    await assert.rejects(peek(accepted, { bytes: 10, timeoutMs: 20_000, enough }).seen, RangeError);
    await close();
  });
});
