/** birpc over a worker's port, as its README has it. Without its timer for each call, which an option switches off. */
import { parentPort } from 'node:worker_threads';
import { createBirpc } from 'birpc';
import type { Contender, Service } from '../contender.ts';
import { startWorker } from './by-hand/start-worker.ts';

export const contender: Contender = {
  child(service) {
    createBirpc<object, Service>(service, {
      post: (data) => parentPort?.postMessage(data),
      on: (listener) => parentPort?.on('message', listener),
      timeout: -1,
    });
  },

  async connect(setting) {
    const worker = startWorker(setting);
    const remote = createBirpc<Service>(
      {},
      {
        post: (data) => worker.postMessage(data),
        on: (listener) => worker.on('message', listener),
        timeout: -1,
      },
    );
    return {
      echo: (value) => remote.echo(value) as never,
      notify: (value) => remote.note.asEvent(value),
      total: () => remote.total(),
      close: () => worker.terminate(),
    };
  },
};
