/** A child that serves the connections that its parent passes to it. */
import type { Server, Socket } from 'node:net';
import { finished } from 'node:stream/promises';
import { serve } from 'kindred';
import { type ByteProxy, openProxy } from 'kindred/handles';

// #region take
const receptionist = {
  /** A connection, as an ordinary argument. It is ours, and stays so when the function returns. */
  welcome(socket: Socket, name: string): void {
    socket.end(`Welcome, ${name}, in process ${process.pid}.`);
  },
  /** A listening server, which is shared with whoever passed it. */
  share(server: Server): void {
    server.on('connection', (socket) => socket.end(`Welcome to process ${process.pid}.`));
  },
  // #endregion
  // #region proxy
  /** The bytes of a connection that stays with its owner: ours until the function returns. */
  async welcomeFromAfar(proxy: ByteProxy): Promise<void> {
    const socket = openProxy(proxy);
    socket.end('Welcome from afar.');
    await finished(socket.resume());
  },
  // #endregion
};
export type Receptionist = typeof receptionist;

await serve('parent:', receptionist);
