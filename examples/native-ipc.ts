/** A child that knows nothing of Kindred, only `process.on('message')` and `process.send`. */
import assert from 'node:assert/strict';
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { dial } from 'kindred';

// #region messages
const child = fork(new URL('./programs/plain-ipc.js', import.meta.url));
const channel = await dial(child);
await channel.send({ hello: 'child' });
for await (const message of channel) {
  assert.deepEqual(message, { echo: { hello: 'child' } });
  break;
}
// #endregion
await channel.close();
await once(child, 'exit');
