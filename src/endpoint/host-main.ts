/**
 * The program of a process or thread that hosts a module: loads it, and answers whoever started it. It ends with them.
 */
import { isMainThread, workerData } from 'node:worker_threads';
import { kinLimits } from '../wire/limits.ts';
import { endsProcess } from './end-of-input.ts';
import { loadModule } from './load-module.ts';
import { openPeer } from './open-peer.ts';
import { reach } from './reach.ts';

/** What `host` tells it: of a process by its arguments, of a thread by its data. */
export interface HostData {
  url: string;
  graceMs: number;
}

async function main({ url, graceMs }: HostData): Promise<void> {
  const reached = await reach('parent:', 'calls', {});
  // The channel is open while the module loads: whoever waits for it may go, and then nobody does.
  const service = loadModule(url);
  const peer = openPeer(reached.transport, {
    role: 'chooses',
    kindred: true,
    service,
    limits: kinLimits,
    withStack: true,
  });
  endsProcess(peer, graceMs);
}

const [, , url = '', graceMs] = process.argv;
void main(
  isMainThread ? { url, graceMs: Number(graceMs) } : (workerData as { kindredHost: HostData }).kindredHost,
);
