/**
 * The one thread beside the main one that sees to a process while its event loop may be blocked: whether its parent lives,
 * whether it turns. All who need one share it, because a thread costs more than the start of Node.js itself (50 ms of a
 * processor and 5 to 10 MiB, measured).
 *
 * ```
 *   none --the first duty--> running --error in a duty, the permission model--> gone (each duty is told, and who comes later)
 * ```
 */
import { Worker } from 'node:worker_threads';

/** Something to be done there. */
export interface Duty {
  /** The URL of a module that has the function `begin`, which is called with `data` in the thread. */
  module: string;
  data: unknown;
}

interface SideThread {
  add(duty: Duty, onLost: (error: Error) => void): void;
}

const key = Symbol.for('kindred.sideThread');
// It belongs to the whole process: the programs that are loaded into one by its flags are files of their own.
const shared = globalThis as { [key]?: SideThread };

/**
 * Has it done beside the main thread for as long as this process lives, which it does not prolong. `onLost` is called where
 * it is not done, or no more: the module could not be loaded or has thrown, or no thread may be started.
 */
export function onSideThread(duty: Duty, onLost: (error: Error) => void): void {
  if (shared[key] === undefined) shared[key] = start(duty, onLost);
  else shared[key].add(duty, onLost);
}

function start(first: Duty, onLost: (error: Error) => void): SideThread {
  const program = import.meta.url.endsWith('.ts') ? './side-thread-main.ts' : './side-thread-main.js';
  const losers = [onLost];
  let lost: Error | undefined;
  const lose = (error: Error): void => {
    lost ??= error;
    for (const tell of losers.splice(0)) tell(error);
  };
  let worker: Worker | undefined;
  try {
    worker = new Worker(new URL(program, import.meta.url), {
      name: 'kindred',
      workerData: first,
      // Else Node.js would open process.stdout and process.stderr here and now, for what the thread writes.
      stdout: true,
      stderr: true,
      // What is loaded into the process by its flags and NODE_OPTIONS is not meant for this thread.
      execArgv: [],
      env: {},
      resourceLimits: { maxOldGenerationSizeMb: 16, maxYoungGenerationSizeMb: 4 },
    });
    worker.unref();
    worker.on('error', (error) => lose(error as Error));
  } catch (error) {
    // By the permission model.
    lose(error as Error);
  }
  return {
    add(duty, tell) {
      if (lost !== undefined) return tell(lost);
      losers.push(tell);
      worker?.postMessage(duty);
    },
  };
}
