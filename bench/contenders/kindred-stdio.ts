/** A child that serves on its standard input and output. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { connect, serve } from 'kindred';
import type { Contender, Service } from '../contender.ts';
import { sessionOf } from './by-hand/kindred-session.ts';

export const contender: Contender = {
  async child(service) {
    await serve('stdio:', service);
  },
  async connect({ entry }) {
    const child = spawn(process.execPath, [...process.execArgv, fileURLToPath(entry.file), ...entry.args], {
      stdio: ['pipe', 'pipe', 'inherit'],
    });
    const peer = await connect<Service>(child);
    return sessionOf(peer, async () => {
      await peer.close();
      if (child.exitCode === null) await once(child, 'exit');
    });
  },
};
