/** A child of Node's own `fork`, over the IPC channel that it has anyway. */
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { connect, serve } from 'kindred';
import type { Contender, Service } from '../contender.ts';
import { sessionOf } from './by-hand/kindred-session.ts';

export const contender: Contender = {
  async child(service) {
    await serve('parent:', service);
  },
  async connect({ entry }) {
    const child = fork(entry.file, entry.args, { serialization: 'advanced' });
    const peer = await connect<Service>(child, { serialization: 'advanced' });
    return sessionOf(peer, async () => {
      await peer.close();
      if (child.exitCode === null) await once(child, 'exit');
    });
  },
};
