/** A worker thread and `postMessage`, with ids by hand. */
import { parentPort } from 'node:worker_threads';
import type { Contender } from '../contender.ts';
import { createNote, type Payload } from '../payload.ts';
import { createPending } from './by-hand/pending.ts';
import { startWorker } from './by-hand/start-worker.ts';

export const contender: Contender = {
  child(service, { oneWay }) {
    const port = parentPort;
    port?.on('message', (value: Payload) => {
      if (!oneWay) port.postMessage(service.echo(value));
      else if (value.id !== 0) service.note(value as never);
      else port.postMessage({ id: 0, total: service.total() });
    });
  },

  async connect(setting) {
    const worker = startWorker(setting);
    const pending = createPending();
    worker.on('message', (value: Payload) => pending.answer(value));
    const total = async (): Promise<number> => {
      const question = { ...createNote(0), total: -1 };
      return (await pending.ask(question, () => worker.postMessage(question))).total;
    };
    return {
      echo: (value) => pending.ask(value, () => worker.postMessage(value)),
      notify: (value) => void worker.postMessage(value),
      total,
      close: () => worker.terminate(),
    };
  },
};
