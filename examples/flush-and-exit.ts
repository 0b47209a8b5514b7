/** A process that ends right after it has sent something: with `process.exit` much of it would be lost. */
import assert from 'node:assert/strict';
import { dial } from 'kindred';
import { fork } from 'kindred/process';

for (const channel of ['descriptor', 'ipc', 'stdio'] as const) {
  const child = fork(new URL('./programs/talkative.ts', import.meta.url), [], { channel });
  const messages = await dial<{ n: number }>(child);
  let next = 0;
  for await (const { n } of messages) assert.equal(n, next++);
  assert.equal(next, 10_000);
  assert.deepEqual(await child.exited, { exitCode: 0, signal: null });
}
