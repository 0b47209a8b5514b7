/** ws over a Unix domain socket, JSON and ids by hand. */
import { once } from 'node:events';
import { createServer } from 'node:http';
import { type RawData, WebSocket, WebSocketServer } from 'ws';
import type { Contender } from '../contender.ts';
import { createNote, type Payload } from '../payload.ts';
import { createPending } from './by-hand/pending.ts';

export const contender: Contender = {
  async serve(service, { address, oneWay }) {
    const http = createServer();
    const server = new WebSocketServer({ server: http });
    server.on('connection', (socket) => {
      socket.on('message', (data: RawData) => {
        const value = JSON.parse(String(data));
        if (!oneWay) socket.send(JSON.stringify(service.echo(value)));
        else if (value.id !== 0) service.note(value);
        else socket.send(JSON.stringify({ id: 0, total: service.total() }));
      });
    });
    http.listen(address);
    await once(http, 'listening');
    return address;
  },

  async connect({ address }) {
    const socket = new WebSocket(`ws+unix:${address}:/`, { perMessageDeflate: false });
    await once(socket, 'open');
    const pending = createPending();
    socket.on('message', (data: RawData) => pending.answer(JSON.parse(String(data))));
    let sent = 0;
    return {
      echo: (value) => pending.ask(value, () => socket.send(JSON.stringify(value))),
      // Only a callback says when there is room: asked of one message in many.
      notify(value: Payload) {
        const body = JSON.stringify(value);
        if (++sent % 256 === 0) return new Promise((resolve) => socket.send(body, resolve));
        socket.send(body);
        return undefined;
      },
      async total() {
        const question = { ...createNote(0), total: -1 };
        return (await pending.ask(question, () => socket.send(JSON.stringify(question)))).total;
      },
      close: () => void socket.terminate(),
    };
  },
};
