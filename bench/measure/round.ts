/** One round in fresh processes: on all processors, on one, or first so and then so; and once more where others disturbed it. */
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import type { Outcome, Scale } from '../cases/lab.ts';
import type { Way } from '../cases.ts';
import type { ClientJob, Outcomes } from '../client.ts';

/** Above this share of one processor, used by others, a round counts as disturbed. Below it `/proc/stat` is too coarse. */
export const disturbedAbove = 0.15;

export interface RoundOptions {
  case: string;
  contender: string;
  ways: readonly Way[];
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
export async function round(options: RoundOptions): Promise<ReadonlyMap<Way, Round>> {
  const best = new Map<Way, Outcome>();
  const isDisturbed = ({ usage }: Outcome): boolean => usage.others > disturbedAbove;
  let tries = 0;
  do {
    const outcomes = await once_(options);
    for (const way of options.ways) {
      const outcome = outcomes[way];
      if (outcome === undefined) throw new Error(`the round said nothing of ${way}`);
      const before = best.get(way);
      if (before === undefined || outcome.usage.others < before.usage.others) best.set(way, outcome);
    }
    tries++;
  } while ([...best.values()].some(isDisturbed) && tries <= options.repeats);
  return new Map(
    [...best].map(([way, outcome]) => [way, { ...outcome, disturbed: isDisturbed(outcome), tries }]),
  );
}

async function once_({
  ways,
  scale,
  folder,
  execArgv = [],
  signal,
  ...what
}: RoundOptions): Promise<Outcomes> {
  const job: ClientJob = {
    case: what.case,
    contender: what.contender,
    scale,
    path: join(folder, `${started++}.sock`),
    // `free` before `pinned`.
    ways: [...ways].sort(),
    // The last one: interrupts tend to be served by the first.
    processor: availableParallelism() - 1,
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
    return JSON.parse(said) as Outcomes;
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
