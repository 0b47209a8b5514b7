/**
 * The program of a core: loads a module, whose servers share their sockets with those of the other cores, and answers
 * whoever started it. It ends with them, and on a signal: after what runs.
 */
import cluster, { type Worker } from 'node:cluster';
import { configureShutdown, onShutdown, shutdown } from '../process/on-shutdown.ts';
import { answerWithModule } from './load-module.ts';
import { OwnServers } from './own-servers.ts';

/** What is left for the output when the grace is over, in milliseconds. */
const flushMs = 1000;

async function main(url: string, graceMs: number): Promise<void> {
  tame(cluster.worker);
  const servers = new OwnServers();
  const peer = await answerWithModule(url, {}, () => servers.listening());
  configureShutdown({ timeoutMs: graceMs + flushMs });
  const finish = async (): Promise<void> => {
    await servers.drain();
    await peer.drain();
    await peer.idle();
  };
  onShutdown(() => Promise.race([finish(), new Promise((resolve) => setTimeout(resolve, graceMs))]), {
    name: 'what this core still does',
  });
  void peer.closed.then(() => shutdown());
}

function tame(worker: Worker | undefined): void {
  if (worker === undefined) return;
  // The end of the channel says when it is over. Without this, that of Node's own would end the process in the midst.
  worker.exitedAfterDisconnect = true;
  // When the parent has gone, nobody is left to be told that a server is closed.
  worker.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EPIPE' && error.code !== 'ERR_IPC_CHANNEL_CLOSED') throw error;
  });
}

const [, , url = '', graceMs] = process.argv;
void main(url, Number(graceMs));
