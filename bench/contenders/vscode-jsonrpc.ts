/** vscode-jsonrpc over a Unix domain socket, with its own reader and writer for sockets. */

import type { Socket } from 'node:net';
import {
  createMessageConnection,
  type MessageConnection,
  NotificationType,
  RequestType,
  RequestType0,
  SocketMessageReader,
  SocketMessageWriter,
} from 'vscode-jsonrpc/node';
import type { Contender } from '../contender.ts';
import type { Note, Payload } from '../payload.ts';
import { dial, listen } from './by-hand/lines.ts';

const echo = new RequestType<Payload, Payload, void>('echo');
const note = new NotificationType<Note>('note');
const total = new RequestType0<number, void>('total');

function connectionOver(socket: Socket): MessageConnection {
  return createMessageConnection(new SocketMessageReader(socket), new SocketMessageWriter(socket));
}

export const contender: Contender = {
  serve: (service, { address }) =>
    listen(address, (socket) => {
      const connection = connectionOver(socket);
      connection.onRequest(echo, (value) => service.echo(value));
      connection.onNotification(note, (value) => service.note(value));
      connection.onRequest(total, () => service.total());
      connection.listen();
    }),

  async connect({ address }) {
    const socket = await dial(address);
    const connection = connectionOver(socket);
    connection.listen();
    return {
      echo: (value) => connection.sendRequest(echo, value) as never,
      notify: (value) => connection.sendNotification(note, value),
      total: () => connection.sendRequest(total),
      close() {
        connection.dispose();
        socket.destroy();
      },
    };
  },
};
