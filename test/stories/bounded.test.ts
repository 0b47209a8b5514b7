// Whatever one side does not take, the other side does not pile up.
import assert from 'node:assert/strict';
import { createConnection } from 'node:net';
import { it } from 'node:test';
import { connect, host, serve } from 'kindred';

const flood = new URL('./fixtures/flood.ts', import.meta.url);
type Flood = typeof import('./fixtures/flood.ts');
const MiB = 1024 * 1024;
const chunkBytes = 64 * 1024;
/** `npm run soak -- leaks` asks for more. */
const soak = Number(process.env['KINDRED_SOAK'] ?? 1);

for (const place of ['process', 'thread'] as const)
  it(`a producer of 1 GB in a ${place} stands still with its consumer, and memory stays flat`, async () => {
    const producer = await host<Flood>(flood, { in: place });
    const stream = producer.call.flood(chunkBytes)[Symbol.asyncIterator]();
    // So much that buffers and the heap have found their size.
    for (let i = 0; i < 400; i++) assert.equal((await stream.next()).value?.length, chunkBytes);
    const before = { own: process.memoryUsage.rss(), theirs: await producer.call.status() };
    // The consumer stands still while the producer has all the time it wants: each answer is a turn of its event loop.
    for (let i = 0; i < 2000 * soak; i++) await producer.call.echo(i);
    const after = { own: process.memoryUsage.rss(), theirs: await producer.call.status() };
    const ahead = (after.theirs.produced - 400) * chunkBytes;
    assert.ok(ahead < 16 * MiB, `the producer is ${ahead / MiB} MiB ahead`);
    assert.ok(
      after.own - before.own < 32 * MiB,
      `the consumer grew by ${(after.own - before.own) / MiB} MiB`,
    );
    assert.ok(
      after.theirs.rss - before.theirs.rss < 32 * MiB,
      `the producer grew by ${(after.theirs.rss - before.theirs.rss) / MiB} MiB`,
    );
    await stream.return?.();
    await producer.close();
  });

it('10,000 calls made at once are all answered, in bounded flight', async () => {
  const child = await host<Flood>(flood);
  const calls = Array.from({ length: 10_000 }, (_, n) => child.call.echo(n));
  assert.ok(child.load.waiting > 0);
  assert.deepEqual(
    await Promise.all(calls),
    Array.from({ length: 10_000 }, (_, n) => n),
  );
  assert.deepEqual(child.load, { inFlight: 0, waiting: 0, running: 0, streams: 0, lent: 0 });
  await child.close();
});

it('a peer that asks for much and reads nothing is held back, and harms no other', async () => {
  const answer = 'x'.repeat(256 * 1024);
  let ran = 0;
  const server = await serve('tcp://127.0.0.1:0', {
    large: () => {
      ran++;
      return answer;
    },
    small: () => 'small',
  });
  const greedy = createConnection(Number(new URL(server.address).port), '127.0.0.1');
  greedy.on('error', () => {});
  greedy.pause();
  for (let id = 1; id <= 4000; id++) greedy.write(`{"jsonrpc":"2.0","id":${id},"method":"large"}\n`);
  const polite = await connect<{ small(): string }>(server.address);
  for (let i = 0; i < 500; i++) assert.equal(await polite.call.small(), 'small');
  // 16 MiB wait to be written at most, and what the sockets themselves hold.
  assert.ok(ran * answer.length < 64 * MiB, `${ran} answers were made for a peer that reads none`);
  greedy.destroy();
  assert.equal(await polite.call.small(), 'small');
  await polite.close();
  await server.close();
});
