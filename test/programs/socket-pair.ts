/** A connection with both its ends in one process. */
import { once } from 'node:events';
import { connect, createServer, type ServerOpts, type Socket } from 'node:net';

export interface SocketPair {
  /** As a server has accepted it. */
  accepted: Socket;
  client: Socket;
  /** Resolves when both are closed. */
  close(): Promise<void>;
}

export async function socketPair(options: ServerOpts = { pauseOnConnect: true }): Promise<SocketPair> {
  const server = createServer(options).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as { port: number };
  const arriving = once(server, 'connection') as Promise<[Socket]>;
  const client = connect(port, '127.0.0.1');
  const [[accepted]] = await Promise.all([arriving, once(client, 'connect')]);
  const closed = Promise.all(
    [accepted, client].map((socket) => new Promise((resolve) => socket.once('close', resolve))),
  );
  for (const socket of [accepted, client]) socket.on('error', () => {});
  server.close();
  return {
    accepted,
    client,
    async close() {
      accepted.destroy();
      client.destroy();
      await closed;
    },
  };
}
