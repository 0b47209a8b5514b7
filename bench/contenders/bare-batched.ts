/** As `bare`, but what is sent in one turn of the event loop leaves in one write, and so do the answers to a chunk. */
import type { Socket } from 'node:net';
import type { Contender } from '../contender.ts';
import { createNote, type Payload } from '../payload.ts';
import { dial, listen, readLines, room } from './by-hand/lines.ts';
import { createPending } from './by-hand/pending.ts';

export const contender: Contender = {
  serve: (service, { address, oneWay }) =>
    listen(address, (socket) => {
      let answers = '';
      const onLine = (line: string): void => {
        const value = JSON.parse(line);
        if (!oneWay) answers += `${JSON.stringify(service.echo(value))}\n`;
        else if (value.id !== 0) service.note(value);
        else answers += `${JSON.stringify({ id: 0, total: service.total() })}\n`;
      };
      readLines(socket, onLine, () => {
        if (answers !== '') socket.write(answers);
        answers = '';
      });
    }),

  async connect({ address }) {
    const socket = await dial(address);
    const pending = createPending();
    const lines = createLines(socket);
    readLines(socket, (line) => pending.answer(JSON.parse(line)));
    return {
      echo: (value) => pending.ask(value, () => lines.write(value)),
      notify: (value) => lines.write(value),
      async total() {
        const question = { ...createNote(0), total: -1 };
        return (await pending.ask(question, () => lines.write(question))).total;
      },
      close: () => void socket.destroy(),
    };
  },
};

function createLines(socket: Socket) {
  let lines = '';
  let full: Promise<unknown> | undefined;
  const flush = (): void => {
    full = room(socket, socket.write(lines));
    void full?.then(() => {
      full = undefined;
    });
    lines = '';
  };
  return {
    write(value: Payload): Promise<unknown> | undefined {
      if (lines === '') process.nextTick(flush);
      lines += `${JSON.stringify(value)}\n`;
      return full;
    },
  };
}
