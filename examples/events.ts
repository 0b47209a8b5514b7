// What happens, for whoever listens: events on node:diagnostics_channel.
import assert from 'node:assert/strict';
import { subscribe } from 'node:diagnostics_channel';
import { connect, serve } from 'kindred';

const failures: string[] = [];
// #region subscribe
subscribe('kindred:notification.failed', (event) => {
  const { method, error } = event as { method: string; error: Error };
  failures.push(`${method}: ${error.message}`);
});
// #endregion

const server = await serve('memory:fragile', {
  fail() {
    throw new Error('nobody waits for this');
  },
});
const peer = await connect<{ fail(): void }>('memory:fragile');
await peer.with({ delivery: 'handled' }).notify.fail();
assert.deepEqual(failures, ['fail: nobody waits for this']);
await peer.close();
await server.close();
