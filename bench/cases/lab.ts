/** What a case is given to work with, in the client process of one round. */
import { setTimeout as wait } from 'node:timers/promises';
import type { Session } from '../contender.ts';
import type { Usage } from '../measure/meter.ts';
import { descendants } from '../measure/operating-system.ts';

/** Numbers by name. Times end in `Ms` or `Us`, sizes in `KiB` or `MiB`, rates in `PerSecond`. */
export type Figures = Record<string, number>;

export interface Outcome {
  figures: Figures;
  /** For the plot of latencies: the times at `shares` of all calls, in microseconds. */
  curve?: number[];
  /** What the operating system said of the time in which it was measured. */
  usage: Usage;
}

/** How long a round takes. */
export interface Scale {
  /** Processor time of the client before it is measured. */
  warmCpuMs: number;
  measureMs: number;
  /** A share of the sizes that a case would have otherwise: 1, or less for a quick look. */
  size: number;
}

export interface Lab {
  contender: string;
  scale: Scale;
  /** Opens a connection (the first one starts the server where the contender has to). */
  open(): Promise<Session>;
}

/** A case is a function of the lab. */
export type Run = (lab: Lab) => Promise<Outcome>;

/**
 * Runs it again and again until this process has worked for so long, and its code is compiled: by processor time, because
 * two pinned sides get half a processor each, and a busy machine gives less.
 */
export async function warmUp(cpuMs: number, run: (ms: number) => unknown): Promise<void> {
  const worked = (): number => {
    const { user, system } = process.cpuUsage();
    return (user + system) / 1000;
  };
  const enough = worked() + cpuMs;
  const latest = performance.now() + 20 * cpuMs;
  while (worked() < enough && performance.now() < latest) await run(100);
}

/** Collects garbage on both sides, so that what is left is in use. */
export async function collect(): Promise<void> {
  for (const pid of descendants(process.pid)) process.kill(pid, 'SIGUSR2');
  globalThis.gc?.();
  await wait(300);
  globalThis.gc?.();
}

/** A part of a session that a case cannot do without. */
export function part<K extends keyof Session>(session: Session, name: K): NonNullable<Session[K]> {
  const found = session[name];
  if (found === undefined || found === null) throw new Error(`this contender cannot do '${name}'`);
  return (typeof found === 'function' ? found.bind(session) : found) as NonNullable<Session[K]>;
}
