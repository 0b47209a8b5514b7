/** One round in fresh processes: on one processor or on all, and once more where others disturbed it. */
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import type { Outcome, Scale } from '../cases/lab.ts';
import type { Way } from '../cases.ts';
import type { ClientJob } from '../client.ts';

/** Above this share of one processor, used by others, a round counts as disturbed. Below it `/proc/stat` is too coarse. */
export const disturbedAbove = 0.15;

export interface RoundOptions {
  case: string;
  contender: string;
  way: Way;
  scale: Scale;
  /** Of sockets, and of the runtime directory of Kindred. */
  folder: string;
  /** How often a disturbed round is repeated before the least disturbed one is taken as it is. */
  repeats: number;
  execArgv?: readonly string[];
  signal?: AbortSignal;
}

export interface Round extends Outcome {
  /** It stayed disturbed: the least disturbed of all tries. */
  disturbed: boolean;
  tries: number;
}

const timeoutMs = 180_000;
let started = 0;

export const canPin: boolean = spawnSync('taskset', ['-c', '0', 'true'], { stdio: 'ignore' }).status === 0;

/** Rejects where the round fails: with what the client said on standard error. */
export async function round(options: RoundOptions): Promise<Round> {
  let best: Outcome | undefined;
  let tries = 0;
  do {
    const outcome = await once_(options);
    tries++;
    if (best === undefined || outcome.usage.others < best.usage.others) best = outcome;
  } while (best.usage.others > disturbedAbove && tries <= options.repeats);
  return { ...best, disturbed: best.usage.others > disturbedAbove, tries };
}

async function once_({ way, scale, folder, execArgv = [], signal, ...what }: RoundOptions): Promise<Outcome> {
  const job: ClientJob = {
    case: what.case,
    contender: what.contender,
    scale,
    path: join(folder, `${started++}.sock`),
    // The last one: interrupts tend to be served by the first.
    ...(way === 'pinned' && { processor: availableParallelism() - 1 }),
  };
  const client = fileURLToPath(new URL('../client.ts', import.meta.url));
  const child = spawn(process.execPath, ['--expose-gc', ...execArgv, client, JSON.stringify(job)], {
    stdio: ['ignore', 'ignore', 'pipe', 'pipe'],
    env: { ...process.env, KINDRED_RUNTIME_DIR: join(folder, 'run') },
    // A group of its own, so that whatever it started can be ended with it.
    detached: true,
  });
  const stop = (): void => {
    try {
      if (child.pid !== undefined) process.kill(-child.pid, 'SIGKILL');
    } catch {
      // All have ended.
    }
  };
  const timer = setTimeout(stop, timeoutMs);
  signal?.addEventListener('abort', stop);
  try {
    const ended = once(child, 'exit');
    const [said, complaints] = await Promise.all([
      text(child.stdio[3] as Readable),
      text(child.stderr as Readable),
      ended,
    ]);
    signal?.throwIfAborted();
    if (said === '') throw new Error(complaintIn(complaints) ?? `no answer within ${timeoutMs} ms`);
    return JSON.parse(said) as Outcome;
  } finally {
    clearTimeout(timer);
    signal?.removeEventListener('abort', stop);
    stop();
  }
}

/** The line of an uncaught error that says what is wrong, without its stack. */
function complaintIn(text: string): string | undefined {
  return /^\w*Error\b.*: .*$/m.exec(text)?.[0] ?? (text.trim().split('\n').at(-1) || undefined);
}
