/** birpc over `child_process.fork`, as its README has it. Without its timer for each call, which an option switches off. */
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { createBirpc } from 'birpc';
import type { Contender, Service } from '../contender.ts';

export const contender: Contender = {
  child(service) {
    createBirpc<object, Service>(service, {
      post: (data) => process.send?.(data),
      on: (listener) => process.on('message', listener),
      timeout: -1,
    });
    process.on('disconnect', () => process.exit(0));
  },

  async connect({ entry }) {
    const child = fork(entry.file, entry.args);
    const remote = createBirpc<Service>(
      {},
      {
        post: (data) => child.send(data),
        on: (listener) => child.on('message', listener),
        timeout: -1,
      },
    );
    return {
      echo: (value) => remote.echo(value) as never,
      notify: (value) => remote.note.asEvent(value),
      total: () => remote.total(),
      async close() {
        child.disconnect();
        await once(child, 'exit');
      },
    };
  },
};
