/** Many connections to one server: what a call costs among them, and what an idle one costs. */
import type { Session } from '../contender.ts';
import { meter } from '../measure/meter.ts';
import { descendants, memory } from '../measure/operating-system.ts';
import { checkEcho, createNote, firstId } from '../payload.ts';
import { keepInFlight, perUnit } from './calls.ts';
import { collect, type Lab, part, type Run, warmUp } from './lab.ts';

let lastId = firstId;

/** So many connections, each with the same number of calls in flight. */
export function busyConnections(count: number, callsEach: number): Run {
  return async (lab) => {
    const sessions = await openMany(lab, count);
    const make = () => createNote(lastId++);
    await warmUp(lab.scale.warmCpuMs, (ms) => keepInFlight(sessions, callsEach, make, ms));
    globalThis.gc?.();
    const { result, usage } = await meter(() => keepInFlight(sessions, callsEach, make, lab.scale.measureMs));
    await closeAll(sessions);
    return { figures: perUnit('call', result, usage), usage };
  };
}

/** So many connections that have made one call each, and now do nothing. */
export function idleConnections(count: number): Run {
  return async (lab) => {
    const wanted = Math.round(count * lab.scale.size);
    // The first connections pay for what all share.
    const first = await openMany(lab, 100);
    await collect();
    const pids = [process.pid, ...descendants(process.pid)];
    const before = pids.map((pid) => memory(pid).residentKiB);
    const { result, usage } = await meter(async () => {
      const sessions = await openMany(lab, wanted);
      await collect();
      return sessions;
    });
    const [client = 0, server = 0] = pids.map(
      (pid, i) => (memory(pid).residentKiB - (before[i] as number)) / wanted,
    );
    await closeAll([...first, ...result]);
    return {
      figures: { clientKiBEach: client, serverKiBEach: server, connections: wanted },
      usage,
    };
  };
}

/** Opens a few at a time and makes a call on each, so that the listener's queue is never full. */
async function openMany(lab: Lab, count: number): Promise<Session[]> {
  const sessions: Session[] = [];
  while (sessions.length < count) {
    const few = Array.from({ length: Math.min(50, count - sessions.length) }, async () => {
      const session = await lab.open();
      const sent = createNote(lastId++);
      checkEcho(sent, await part(session, 'echo')(sent));
      return session;
    });
    sessions.push(...(await Promise.all(few)));
  }
  return sessions;
}

async function closeAll(sessions: readonly Session[]): Promise<void> {
  await Promise.all(sessions.map((session) => session.close()));
}
