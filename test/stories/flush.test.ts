/** A process that flushes before it exits loses nothing of what it has accepted: neither what waits for room nor what waits for a hello. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { connect, dial } from '../../src/index.ts';
import { fork } from '../../src/process/index.ts';
import { within } from './fixtures/deadline.ts';
import { fixture } from './fixtures/programs.ts';

/** Of 1 KiB each: more than the 16 MiB of `maxBufferedBytes`. */
const many = 20_000;

for (const channel of ['descriptor', 'ipc', 'stdio'] as const) {
  for (const count of [1, many])
    test(`over ${channel}, ${count} notifications from before the hello arrive`, async () => {
      const child = fork(fixture('notifier.ts'), [String(count)], { channel });
      let next = 0;
      const hear = (n: number): void => assert.equal(n, next++, 'one was lost, or came out of order');
      const peer = await connect(child, { serve: { hear } });
      await within('the peer is closed', peer.closed);
      assert.equal(next, count);
      assert.deepEqual(await within('it ends', child.exited), { exitCode: 3, signal: null });
      await peer.close();
    });

  test(`over ${channel}, plain messages beyond maxBufferedBytes arrive`, async () => {
    const child = fork(fixture('messenger.ts'), [String(many)], { channel });
    let next = 0;
    for await (const { n } of await dial<{ n: number }>(child))
      assert.equal(n, next++, 'one was lost, or came out of order');
    assert.equal(next, many);
    assert.deepEqual(await within('it ends', child.exited), { exitCode: 3, signal: null });
  });
}
