/** One worker of a pool from its start until it may take calls: its module is loaded, and `warmUp` has run. */
import type { Clock } from '../base/clock.ts';
import { KindredError } from '../base/errors.ts';
import { type HomeOptions, openHome } from './host.ts';
import { type Home, type Hosted, openHosted } from './hosted.ts';
import { runTask, type WorkerTask } from './pool-task.ts';

export interface WorkerOptions extends HomeOptions {
  startMs: number;
  warmUp: WorkerTask | undefined;
}

export interface OpenedWorker {
  hosted: Hosted<unknown>;
  home: Home;
  number: number;
}

/** Throws `ERR_START_FAILED`, also where `signal` fires meanwhile; nothing of it is left then. */
export async function openWorker(
  url: string,
  options: WorkerOptions,
  number: number,
  clock: Clock,
  signal: AbortSignal,
): Promise<OpenedWorker> {
  const home = await openHome(url, options);
  const giveUp = (): void => void home.peer.close();
  signal.addEventListener('abort', giveUp);
  if (signal.aborted) giveUp();
  try {
    const hosted = await openHosted<unknown>(url, home, options.startMs, undefined, clock);
    const opened = { hosted, home, number };
    await warmUp(url, options, opened, clock);
    return opened;
  } finally {
    signal.removeEventListener('abort', giveUp);
  }
}

async function warmUp(
  url: string,
  { warmUp: task, startMs }: WorkerOptions,
  opened: OpenedWorker,
  clock: Clock,
): Promise<void> {
  if (task === undefined) return;
  try {
    await runTask('warmUp', task, opened, startMs, clock);
  } catch (cause) {
    await opened.hosted.close();
    const told = cause instanceof Error ? cause.message : String(cause);
    throw new KindredError('ERR_START_FAILED', `${url} could not be warmed up: ${told}`, {
      cause,
      outcome: 'not-sent',
    });
  }
}
