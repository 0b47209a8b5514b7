/**
 * The program of a process or thread that hosts a module: loads it, and answers whoever started it. It ends with them.
 */
import { isMainThread, workerData } from 'node:worker_threads';
import { endsProcess } from './end-of-input.ts';
import { answerWithModule } from './load-module.ts';
import { memoryBytes, memoryMethod } from './own-memory.ts';

/** What `host` tells it: of a process by its arguments, of a thread by its data. */
export interface HostData {
  url: string;
  graceMs: number;
  /** It can be asked for its memory, by `memoryMethod`. */
  tellsMemory: boolean;
}

async function main({ url, graceMs, tellsMemory }: HostData): Promise<void> {
  const peer = await answerWithModule(url, tellsMemory ? { [memoryMethod]: memoryBytes } : {});
  endsProcess(peer, graceMs);
}

const [, , url = '', graceMs, tellsMemory] = process.argv;
void main(
  isMainThread
    ? { url, graceMs: Number(graceMs), tellsMemory: tellsMemory === 'tells-memory' }
    : (workerData as { kindredHost: HostData }).kindredHost,
);
