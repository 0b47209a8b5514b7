/**
 * The program of a process or thread that hosts a module: loads it, and answers whoever started it. It ends with them.
 */
import { isMainThread, workerData } from 'node:worker_threads';
import { endsProcess } from './end-of-input.ts';
import { answerWithModule } from './load-module.ts';

/** What `host` tells it: of a process by its arguments, of a thread by its data. */
export interface HostData {
  url: string;
  graceMs: number;
}

async function main({ url, graceMs }: HostData): Promise<void> {
  const peer = await answerWithModule(url);
  endsProcess(peer, graceMs);
}

const [, , url = '', graceMs] = process.argv;
void main(
  isMainThread ? { url, graceMs: Number(graceMs) } : (workerData as { kindredHost: HostData }).kindredHost,
);
