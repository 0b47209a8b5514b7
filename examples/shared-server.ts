/** One listening server that two processes share: the kernel gives each connection to one of them. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';
import { handOver } from 'kindred/handles';
import { fork } from 'kindred/process';

// #region share
const listener = createServer({ pauseOnConnect: true }).listen(0, '127.0.0.1');
await once(listener, 'listening');
const { port } = listener.address() as AddressInfo;

const child = fork(new URL('./programs/web-worker.ts', import.meta.url), ['the child']);
assert.deepEqual(await handOver(child).give(listener), { kind: 'accepted' });
// This process stops to listen, and the child goes on.
listener.close();
// #endregion
assert.equal(
  await (await fetch(`http://127.0.0.1:${port}`, { headers: { connection: 'close' } })).text(),
  'served by the child',
);
child.kill('SIGKILL');
await child.exited;
