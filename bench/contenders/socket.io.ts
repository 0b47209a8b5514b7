/** socket.io over its WebSocket transport alone, with its own acknowledgements for answers. */
import { once } from 'node:events';
import { createServer } from 'node:http';
import { Server } from 'socket.io';
import { io } from 'socket.io-client';
import type { Contender } from '../contender.ts';
import type { Note, Payload } from '../payload.ts';

export const contender: Contender = {
  async serve(service) {
    const http = createServer();
    const server = new Server(http, { transports: ['websocket'], serveClient: false });
    server.on('connection', (socket) => {
      socket.on('echo', (value: Payload, answer: (value: Payload) => void) => answer(service.echo(value)));
      socket.on('note', (value: Note) => service.note(value));
      socket.on('total', (answer: (total: number) => void) => answer(service.total()));
    });
    http.listen(0, '127.0.0.1');
    await once(http, 'listening');
    return `http://127.0.0.1:${(http.address() as { port: number }).port}`;
  },

  async connect({ address }) {
    const socket = io(address, { transports: ['websocket'] });
    await new Promise<void>((resolve) => socket.once('connect', resolve));
    return {
      echo: (value) => socket.emitWithAck('echo', value),
      notify: (value) => void socket.emit('note', value),
      total: () => socket.emitWithAck('total'),
      close: () => void socket.disconnect(),
    };
  },
};
