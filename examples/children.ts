/** A child with a program of its own, over each kind of channel between a parent and a child. */
import assert from 'node:assert/strict';
import { connect } from 'kindred';
import { fork } from 'kindred/process';
import type { Greeter } from './programs/greeter.ts';

// #region fork
const child = fork(new URL('./programs/greeter.ts', import.meta.url), { channel: 'descriptor' });
const peer = await connect<Greeter>(child);
console.log(await peer.call.greet('parent'));
await peer.close();
console.log(await child.exited);
// #endregion
assert.deepEqual(await child.exited, { exitCode: 0, signal: null });

// #region channels
for (const channel of ['descriptor', 'ipc', 'stdio'] as const) {
  const other = fork(new URL('./programs/greeter.ts', import.meta.url), [], { channel });
  const its = await connect<Greeter>(other);
  assert.equal(await its.call.greet(channel), `Hello, ${channel}, from a child.`);
  await its.close();
  await other.exited;
}
// #endregion
