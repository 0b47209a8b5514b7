/** A process that flushes before it exits loses nothing of what it has accepted: neither what waits for room nor what waits for a hello. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { test } from 'node:test';
import { setTimeout as wait } from 'node:timers/promises';
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

// Native IPC knows no reader that is slow: what it cannot hold is a broken limit there.
for (const channel of ['descriptor', 'stdio'] as const)
  test(`over ${channel}, a reader that is slower than timeoutMs gets all of it`, async () => {
    const child = fork(fixture('messenger.ts'), [String(many), '0', '2000'], { channel });
    let next = 0;
    for await (const { n } of await dial<{ n: number }>(child)) {
      assert.equal(n, next++, 'one was lost, or came out of order');
      if (next % 500 === 0) await wait(100);
    }
    assert.equal(next, many);
    assert.deepEqual(await within('it ends', child.exited), { exitCode: 0, signal: null });
  });

for (const [code, told] of [
  [0, 1],
  [3, 3],
] as const)
  test(`where nobody reads it says so and ends, with ${told} for ${code}`, async () => {
    const child = spawn(process.execPath, [fixture('messenger.ts'), String(many), String(code), '300'], {
      stdio: ['pipe', 'pipe', 'pipe'],
      env: { ...process.env, KINDRED_CHANNEL: 'stdio' },
    });
    const said = child.stderr.setEncoding('utf8').toArray();
    const [exitCode] = await within('it ends', once(child, 'exit'));
    assert.equal(exitCode, told);
    assert.match((await said).join(''), /flushAndExit gave up.*300 ms/);
  });
