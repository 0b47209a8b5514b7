/** A child of whatever language inherits a listening socket, by the protocol of systemd. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';
import { fileURLToPath } from 'node:url';
import { listenFds } from 'kindred/handles';
import { spawn } from 'kindred/process';

const program = fileURLToPath(new URL('../programs/heir.ts', import.meta.url));
const web = createServer().listen(0, '127.0.0.1');
await once(web, 'listening');
const { port } = web.address() as AddressInfo;

// #region inherit
const { command, args, stdio, env } = listenFds({ web }, process.execPath, [program]);
const child = spawn(command, args, { stdio, env, channel: 'none' });
web.close(); // The child alone accepts.
// #endregion
const response = await fetch(`http://127.0.0.1:${port}/`);
assert.equal(await response.text(), `served by ${child.pid}`);
await child.terminate();
