/** zeromq 6: a dealer and a router over `ipc:`, JSON and ids by hand. A socket takes one message at a time. */
import { Dealer, Router } from 'zeromq';
import type { Contender } from '../contender.ts';
import { createNote, type Payload } from '../payload.ts';
import { createPending } from './by-hand/pending.ts';

export const contender: Contender = {
  async serve(service, { address, oneWay }) {
    const socket = new Router();
    await socket.bind(`ipc://${address}`);
    void (async () => {
      for await (const [from, body] of socket) {
        const value = JSON.parse(String(body));
        if (!oneWay) await socket.send([from as Buffer, JSON.stringify(service.echo(value))]);
        else if (value.id !== 0) service.note(value);
        else await socket.send([from as Buffer, JSON.stringify({ id: 0, total: service.total() })]);
      }
    })();
    return `ipc://${address}`;
  },

  async connect({ address }) {
    const socket = new Dealer();
    socket.connect(address);
    const pending = createPending();
    void (async () => {
      for await (const [body] of socket) pending.answer(JSON.parse(String(body)));
    })();
    let last: Promise<void> = Promise.resolve();
    const send = (value: Payload): Promise<void> => {
      const body = JSON.stringify(value);
      last = last.then(() => socket.send(body));
      return last;
    };
    return {
      echo: (value) => pending.ask(value, () => void send(value)),
      notify: (value) => send(value),
      async total() {
        const question = { ...createNote(0), total: -1 };
        return (await pending.ask(question, () => void send(question))).total;
      },
      close: () => void socket.close(),
    };
  },
};
