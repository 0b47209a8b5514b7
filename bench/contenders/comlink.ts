/** comlink over a worker's port, with its own adapter for Node.js. */
import { parentPort } from 'node:worker_threads';
import { expose, type Remote, wrap } from 'comlink';
import nodeEndpoint, { type NodeEndpoint } from 'comlink/dist/esm/node-adapter.mjs';
import type { Contender, Service } from '../contender.ts';
import { startWorker } from './by-hand/start-worker.ts';

export const contender: Contender = {
  child(service) {
    expose({ ...service }, nodeEndpoint(parentPort as unknown as NodeEndpoint));
  },

  async connect(setting) {
    const worker = startWorker(setting);
    const remote: Remote<Service> = wrap<Service>(nodeEndpoint(worker as unknown as NodeEndpoint));
    return {
      echo: (value) => remote.echo(value) as never,
      close: () => worker.terminate(),
    };
  },
};
