/** Open sockets and servers as arguments of calls; and their bytes, where the channel cannot carry them. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { type AddressInfo, createServer, connect as dial } from 'node:net';
import { text } from 'node:stream/consumers';
import { connect } from 'kindred';
import { byteProxy } from 'kindred/handles';
import { fork } from 'kindred/process';
import type { Receptionist } from './programs/receptionist.ts';

// #region pass
const child = fork(new URL('./programs/receptionist.ts', import.meta.url), { channel: 'ipc' });
const peer = await connect<Receptionist>(child);

const door = createServer({ pauseOnConnect: true });
door.on('connection', async (socket) => {
  await peer.call.welcome(socket, 'guest');
  assert.equal(socket.destroyed, true); // It is the child's now.
});
// #endregion
door.listen(0, '127.0.0.1');
await once(door, 'listening');
const { port } = door.address() as AddressInfo;
const visit = (): Promise<string> => text(dial(port, '127.0.0.1'));
assert.equal(await visit(), `Welcome, guest, in process ${child.pid}.`);

// #region server
await peer.call.share(door);
door.close(); // From now on the child alone accepts.
// #endregion
assert.equal(await visit(), `Welcome to process ${child.pid}.`);
await peer.close();
await child.exited;

// #region proxy
const other = fork(new URL('./programs/receptionist.ts', import.meta.url), { channel: 'descriptor' });
const far = await connect<Receptionist>(other);
const served: Promise<void>[] = [];
const entrance = createServer({ pauseOnConnect: true }, (socket) => {
  served.push(far.call.welcomeFromAfar(byteProxy(socket)));
});
// #endregion
entrance.listen(0, '127.0.0.1');
await once(entrance, 'listening');
assert.equal(await text(dial((entrance.address() as AddressInfo).port, '127.0.0.1')), 'Welcome from afar.');
await Promise.all(served);
entrance.close();
await far.close();
await other.exited;
