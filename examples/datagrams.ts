/** A datagram socket that a child goes on with. */
import assert from 'node:assert/strict';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { handOver } from 'kindred/handles';
import { fork } from 'kindred/process';

// #region give
const socket = createSocket('udp4');
await once(socket.bind(0, '127.0.0.1'), 'listening');
const { port } = socket.address();
const child = fork(new URL('./programs/echoing.ts', import.meta.url));
await handOver(child).give(socket, { keep: false });
// #endregion
const client = createSocket('udp4');
client.send('hello', port, '127.0.0.1');
const [answer] = await once(client, 'message');
assert.equal(String(answer), 'hello, from the child');
client.close();
child.kill('SIGKILL');
await child.exited;
