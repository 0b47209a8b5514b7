/**
 * Who descends from a process, as far as /proc tells: its children and theirs, and the members of the group and session
 * that it leads. Whoever was seen once is known by its identity from then on, also when its parent has ended and the
 * system has given it another one.
 *
 * What cannot be seen: who lost its parent before the first look, or between two, and had left group and session by then
 * (`setsid`, as daemons do). Only a cgroup holds those, too.
 *
 * Where there is no /proc (macOS): no descendants, but the group.
 */
import { isSame, type ProcessIdentity, send } from './process-identity.ts';
import { type ProcessStat, type ProcessSystem, thisSystem } from './process-system.ts';

export interface ProcessTree {
  /** Whether the root leads, or led, a process group; as last seen. */
  readonly leadsGroup: boolean;
  /** That of the root, when it was last seen; undefined where there is no /proc. */
  readonly session: number | undefined;
  /**
   * Looks again: all descendants that run, without the root. Reads what the system says of every process, which takes
   * about 20 microseconds each. `atExit`: the root was there a moment ago, so that nobody else can have its number yet.
   */
  look(atExit?: boolean): ProcessStat[];
  /** Whether the group has members, for a system without /proc; false with one, where `look` tells. */
  hasUnseen(): boolean;
  /** Sends to the whole group that the root leads, where it is certain that it is still the same. */
  signalGroup(signal: NodeJS.Signals): 'sent' | 'gone';
}

/** Looks for the first time at once. */
export function followTree(root: ProcessIdentity, system: ProcessSystem = thisSystem): ProcessTree {
  const hasProc = root.started !== undefined;
  const known = new Map<string, ProcessIdentity>();
  let leadsGroup = false;
  let leadsSession = false;
  let session: number | undefined;

  function look(atExit = false): ProcessStat[] {
    const all = system.all();
    const self = all.find((stat) => isSame(root, stat));
    if (self !== undefined) {
      session = self.session;
      leadsGroup ||= self.group === root.pid;
      leadsSession ||= self.session === root.pid;
    }
    const ours = new Map<number, ProcessStat>();
    for (const stat of all) if (stat === self || known.has(keyOf(stat))) ours.set(stat.pid, stat);
    // The number of a group or session is given to nobody else while one member of it is left.
    const isFree = atExit && !all.some(({ pid }) => pid === root.pid);
    const holds = (kind: 'group' | 'session'): boolean =>
      self !== undefined || isFree || [...ours.values()].some((stat) => stat[kind] === root.pid);
    const groupHolds = leadsGroup && holds('group');
    const sessionHolds = leadsSession && holds('session');
    // No descendant is older than the root.
    const others = all.filter((stat) => !ours.has(stat.pid) && stat.started >= (root.started ?? 0));
    for (let size = -1; size < ours.size; ) {
      size = ours.size;
      for (const stat of others)
        if (
          ours.has(stat.parent) ||
          (groupHolds && stat.group === root.pid) ||
          (sessionHolds && stat.session === root.pid)
        ) {
          ours.set(stat.pid, stat);
          known.set(keyOf(stat), { pid: stat.pid, started: stat.started });
        }
    }
    return [...ours.values()].filter((stat) => stat !== self && !stat.ended);
  }

  function hasUnseen(): boolean {
    if (hasProc || !leadsGroup) return false;
    try {
      system.kill(-root.pid, 0);
    } catch {
      // Empty, and from now on perhaps another's: it is never asked about again.
      leadsGroup = false;
    }
    return leadsGroup;
  }

  /** In this very moment. */
  function groupIsOurs(): boolean {
    if (!hasProc) return hasUnseen();
    return [root, ...known.values()].some((identity) => {
      const now = system.stat(identity.pid);
      return now !== undefined && now.group === root.pid && isSame(identity, now);
    });
  }

  if (!hasProc) {
    leadsGroup = true;
    hasUnseen();
  } else look();
  return {
    get leadsGroup() {
      return leadsGroup;
    },
    get session() {
      return session;
    },
    look,
    hasUnseen,
    signalGroup: (signal) => (leadsGroup && groupIsOurs() ? send(-root.pid, signal, system) : 'gone'),
  };
}

function keyOf({ pid, started }: ProcessStat): string {
  return `${pid} ${started}`;
}
