/**
 * What a process leaves behind when it ends: those that it has started, and that have lost their parent by that.
 *
 * They are known by their session, and by a mark in their environment, which every descendant has inherited: it names the
 * directory of the keeper, of which there is one alone. Both can be got rid of by whoever wants to (a session of his own, an
 * environment of his own), and none but the descendants of kept processes has them. Where there is no /proc (macOS), nothing
 * is found.
 */
import { readFileSync } from 'node:fs';
import { type Clock, systemClock } from '../../base/clock.ts';
import { pause } from '../../base/pause.ts';
import { isAlive, type ProcessIdentity, signalProcess } from '../../process/process-identity.ts';
import { type ProcessStat, type ProcessSystem, thisSystem } from '../../process/process-system.ts';

/** In the environment of every kept process: `DIRECTORY#ID`. */
export const markVariable = 'KINDRED_KEPT';

/** The id of brain and logger, which end later than all others. */
export const staffId = '';

export function markOf(directory: string, id: string): Record<string, string> {
  return { [markVariable]: `${directory}#${id}` };
}

/** All that carry the mark of this directory, by the id in it; but for this process and those that it descends from. */
export function findMarked(
  directory: string,
  isMeant: (id: string) => boolean = () => true,
  system: ProcessSystem = thisSystem,
): ProcessIdentity[] {
  const all = system.all();
  const spared = ancestry(process.pid, all);
  const mark = `\0${markVariable}=${directory}#`;
  const isMarked = (pid: number): boolean => {
    const environment = `\0${environmentOf(pid)}`;
    const at = environment.indexOf(mark);
    if (at < 0) return false;
    const [id = ''] = environment.slice(at + mark.length).split('\0', 1);
    return isMeant(id);
  };
  return all
    .filter(({ pid, ended }) => !ended && !spared.has(pid) && isMarked(pid))
    .map((stat) => identityOf(stat, system));
}

/** Those that are left of the session or group that a process led which has ended. */
export function findMembers(
  leader: ProcessIdentity,
  all: readonly ProcessStat[],
  system: ProcessSystem = thisSystem,
): ProcessIdentity[] {
  // A number goes to nobody else while its session has members: whoever has it now shows that there were none.
  if (all.some(({ pid, started }) => pid === leader.pid && started !== leader.started)) return [];
  return all
    .filter(
      ({ pid, session, group, started, ended }) =>
        !ended &&
        pid !== leader.pid &&
        (session === leader.pid || group === leader.pid) &&
        started >= (leader.started ?? 0),
    )
    .map((stat) => identityOf(stat, system));
}

const killTimeoutMs = 10_000;
const lookEveryMs = 20;

/**
 * Asks those that `find` finds to end, kills them when the grace is over, and looks again until none is found. Gives those
 * that are there all the same, after 10 s: they belong to another user, or hang in the kernel.
 */
export async function endAll(
  find: () => ProcessIdentity[],
  graceMs: number,
  clock: Clock = systemClock,
): Promise<ProcessIdentity[]> {
  const asked = new Set<number>();
  const start = clock.now();
  for (;;) {
    const found = find();
    const pastMs = clock.now() - start;
    if (found.length === 0 || pastMs > graceMs + killTimeoutMs) return found;
    for (const identity of found)
      if (pastMs >= graceMs) trySend(identity, 'SIGKILL');
      else if (!asked.has(identity.pid)) {
        asked.add(identity.pid);
        trySend(identity, 'SIGTERM');
        // One that is stopped hears nothing else.
        trySend(identity, 'SIGCONT');
      }
    await pause(lookEveryMs, clock);
  }
}

export function trySend(identity: ProcessIdentity, signal: NodeJS.Signals): void {
  try {
    signalProcess(identity, signal);
  } catch {
    // It belongs to somebody else.
  }
}

/** Those of a list that run. */
export function alive(identities: readonly ProcessIdentity[]): ProcessIdentity[] {
  return identities.filter((identity) => isAlive(identity));
}

function ancestry(pid: number, all: readonly ProcessStat[]): Set<number> {
  const line = new Set<number>();
  for (let next: number | undefined = pid; next !== undefined && !line.has(next); ) {
    line.add(next);
    const current: number = next;
    next = all.find((stat) => stat.pid === current)?.parent;
  }
  return line;
}

/** Empty where it may not be read. */
function environmentOf(pid: number): string {
  try {
    return readFileSync(`/proc/${pid}/environ`, 'utf8');
  } catch {
    return '';
  }
}

function identityOf({ pid, started }: ProcessStat, system: ProcessSystem): ProcessIdentity {
  return { pid, started, boot: system.bootId() };
}
