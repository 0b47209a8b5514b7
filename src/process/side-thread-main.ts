/** The program of the thread of `side-thread.ts`. Whatever fails in it ends it, and is told to the main thread. */
import { parentPort, workerData } from 'node:worker_threads';
import type { Duty } from './side-thread.ts';

async function take({ module, data }: Duty): Promise<void> {
  const { begin } = (await import(module)) as { begin: (data: unknown) => void };
  begin(data);
}

parentPort?.on('message', (duty: Duty) => void take(duty));
void take(workerData as Duty);
