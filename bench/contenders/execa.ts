/** execa's IPC with `serialization: 'json'`, its faster one, and ids by hand. */
import { fileURLToPath } from 'node:url';
import { execaNode, getEachMessage, sendMessage } from 'execa';
import type { Contender } from '../contender.ts';
import { createNote, type Payload } from '../payload.ts';
import { createPending } from './by-hand/pending.ts';

export const contender: Contender = {
  async child(service, { oneWay }) {
    for await (const message of getEachMessage()) {
      const value = message as unknown as Payload;
      if (!oneWay) void sendMessage(service.echo(value) as object);
      else if (value.id !== 0) service.note(value as never);
      else void sendMessage({ id: 0, total: service.total() });
    }
  },

  async connect({ entry }) {
    const child = execaNode(fileURLToPath(entry.file), [...entry.args], {
      ipc: true,
      serialization: 'json',
      buffer: false,
      nodeOptions: process.execArgv,
    });
    child.catch(() => {});
    const pending = createPending();
    void (async () => {
      for await (const value of child.getEachMessage()) pending.answer(value as unknown as Payload);
    })();
    const send = (value: Payload): Promise<void> => child.sendMessage(value as never);
    return {
      echo: (value) => pending.ask(value, () => void send(value)),
      notify: (value) => send(value),
      async total() {
        const question = { ...createNote(0), total: -1 };
        return (await pending.ask(question, () => void send(question))).total;
      },
      async close() {
        child.kill();
        await child.catch(() => {});
      },
    };
  },
};
