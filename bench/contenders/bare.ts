/**
 * The baseline of all ratios, `raw-ndjson`: an echo over a Unix domain socket, one JSON line and one write for each
 * message, a `Map` of ids, no checks of any kind.
 */
import type { Contender } from '../contender.ts';
import { createNote, type Payload } from '../payload.ts';
import { dial, listen, readLines, room } from './by-hand/lines.ts';
import { createPending, type Total } from './by-hand/pending.ts';

export const contender: Contender = {
  serve: (service, { address, oneWay }) =>
    listen(address, (socket) =>
      readLines(socket, (line) => {
        const value = JSON.parse(line);
        if (!oneWay) socket.write(`${JSON.stringify(service.echo(value))}\n`);
        else if (value.id !== 0) service.note(value);
        else socket.write(`${JSON.stringify({ id: 0, total: service.total() } satisfies Total)}\n`);
      }),
    ),

  async connect({ address }) {
    const socket = await dial(address);
    const pending = createPending();
    readLines(socket, (line) => pending.answer(JSON.parse(line)));
    const write = (value: Payload): boolean => socket.write(`${JSON.stringify(value)}\n`);
    return {
      echo: (value) => pending.ask(value, () => write(value)),
      notify: (value) => room(socket, write(value)),
      async total() {
        const question = { ...createNote(0), total: -1 };
        return (await pending.ask(question, () => write(question))).total;
      },
      close: () => void socket.destroy(),
    };
  },
};
