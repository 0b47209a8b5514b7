/** Calls: one at a time with the time of each, or many in flight. */
import { setTimeout as wait } from 'node:timers/promises';
import type { Session } from '../contender.ts';
import { meter, type Usage } from '../measure/meter.ts';
import { quantile } from '../measure/statistics.ts';
import { checkEcho, createNote, firstId, orders, type Payload } from '../payload.ts';
import { type Figures, part, type Run, warmUp } from './lab.ts';

/** The points of the curve of latencies. */
export const shares: readonly number[] = [0, 0.1, 0.25, 0.5, 0.75, 0.9, 0.95, 0.975, 0.99, 0.995, 0.999];

let lastId = firstId;
const note = (): Payload => createNote(lastId++);

/** One call at a time. */
export const oneAtATime: Run = async ({ open, scale }) => {
  const session = await open();
  const echo = part(session, 'echo');
  const times: number[] = [];
  const run = async (ms: number): Promise<void> => {
    times.length = 0;
    const end = performance.now() + ms;
    for (let now = performance.now(); now < end; ) {
      const sent = note();
      checkEcho(sent, await echo(sent));
      const then = performance.now();
      times.push(then - now);
      now = then;
    }
  };
  // Many in flight warm the same code sooner; what runs for one alone takes longer than in other cases.
  await warmUp(scale.warmCpuMs / 2, (ms) => keepInFlight([session], 64, note, ms));
  await warmUp(scale.warmCpuMs, run);
  globalThis.gc?.();
  const { usage } = await meter(() => run(scale.measureMs));
  const sorted = Float64Array.from(times).sort();
  const at = (share: number): number => quantile(sorted, share) * 1000;
  await session.close();
  return {
    figures: { p50Us: at(0.5), p99Us: at(0.99), ...perUnit('call', times.length, usage) },
    curve: shares.map(at),
    usage,
  };
};

/** So many calls in flight at any time, of notes, or of orders of so many bytes. */
export function inFlight(count: number, orderBytes?: number): Run {
  return async ({ open, scale }) => {
    const session = await open();
    const make = orderBytes === undefined ? note : orderMaker(orderBytes);
    await warmUp(scale.warmCpuMs, (ms) => keepInFlight([session], count, make, ms));
    globalThis.gc?.();
    const { result, usage } = await meter(() => keepInFlight([session], count, make, scale.measureMs));
    await session.close();
    return { figures: perUnit('call', result, usage), usage };
  };
}

function orderMaker(bytes: number): () => Payload {
  const make = orders(bytes);
  return () => make(lastId++);
}

/** Keeps `count` calls in flight on each session for so long, waits for the last, and gives how many were answered. */
export async function keepInFlight(
  sessions: readonly Session[],
  count: number,
  make: () => Payload,
  ms: number,
): Promise<number> {
  let answered = 0;
  let over = false;
  const line = async (echo: NonNullable<Session['echo']>): Promise<void> => {
    while (!over) {
      const sent = make();
      checkEcho(sent, await echo(sent));
      answered++;
    }
  };
  const lines = sessions.flatMap((session) => {
    const echo = part(session, 'echo');
    return Array.from({ length: count }, () => line(echo));
  });
  await Promise.race([wait(ms), Promise.all(lines)]);
  over = true;
  await Promise.all(lines);
  return answered;
}

/** What every case says of its units: the rate, and what each costs both sides. */
export function perUnit(unit: string, count: number, usage: Usage): Figures {
  const cpuMs = usage.clientCpuMs + usage.serverCpuMs;
  return {
    [`${unit}sPerSecond`]: (count / usage.wallMs) * 1000,
    [`${unit}sPerCpuSecond`]: (count / cpuMs) * 1000,
    cpuUs: (cpuMs * 1000) / count,
    clientCpuUs: (usage.clientCpuMs * 1000) / count,
    serverCpuUs: (usage.serverCpuMs * 1000) / count,
    clientPeakMiB: usage.clientPeakKiB / 1024,
    serverPeakMiB: usage.serverPeakKiB / 1024,
  };
}
