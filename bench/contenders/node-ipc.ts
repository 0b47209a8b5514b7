/**
 * node-ipc 12.0.0, over a Unix domain socket. It has no replies: ids and a `Map` by hand.
 *
 * Versions 10.1.1 and 10.1.2 destroyed files, 10.1.3 and the 11 line wrote to the user's desktop (`peacenotwar`), and
 * 9.1.6, 9.2.3 and 12.0.1 stole credentials from their CommonJS bundle. Of 12.0.0, all of what is loaded here was read
 * before it was run (node-ipc.js, services/, dao/, entities/, and event-pubsub 5.0.3, js-message 1.0.7, js-queue 2.0.2,
 * easy-stack 1.0.1, strong-type 1.1.0): sockets, JSON, and nothing else. The lock file holds these by their digests,
 * nothing is run at install, and the CommonJS bundle is not loaded.
 */
import { once } from 'node:events';
import type { Socket } from 'node:net';
import { IPCModule } from 'node-ipc';
import type { Contender } from '../contender.ts';
import { createNote, type Note, type Payload } from '../payload.ts';
import { createPending } from './by-hand/pending.ts';

function createIpc(): IPCModule {
  const ipc = new IPCModule();
  ipc.config.silent = true;
  ipc.config.stopRetrying = true;
  return ipc;
}

export const contender: Contender = {
  serve: (service, { address }) =>
    new Promise((resolve) => {
      const ipc = createIpc();
      ipc.serve(address, () => {
        const { server } = ipc;
        server.on('echo', (value: Payload, socket: Socket) =>
          server.emit(socket, 'echo', service.echo(value)),
        );
        server.on('note', (value: Note) => service.note(value));
        server.on('total', (_value: unknown, socket: Socket) =>
          server.emit(socket, 'total', { id: 0, total: service.total() }),
        );
        resolve(address);
      });
      ipc.server.start();
    }),

  async connect({ address }) {
    const ipc = createIpc();
    const pending = createPending();
    ipc.connectTo('bench', address);
    const client = ipc.of.bench;
    if (client === undefined) throw new Error('node-ipc made no client');
    await once(client.socket, 'connect');
    client.on('echo', (value: Payload) => pending.answer(value));
    client.on('total', (value: Payload) => pending.answer(value));
    return {
      echo: (value) => pending.ask(value, () => client.emit('echo', value)),
      notify(value) {
        client.emit('note', value);
        return client.socket.writableNeedDrain ? once(client.socket, 'drain') : undefined;
      },
      async total() {
        const question = { ...createNote(0), total: -1 };
        return (await pending.ask(question, () => client.emit('total', question))).total;
      },
      close: () => void ipc.disconnect('bench'),
    };
  },
};
