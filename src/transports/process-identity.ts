/** Which process it was: a pid alone is given to another one sooner or later. */
import { readFileSync } from 'node:fs';

export interface ProcessIdentity {
  pid: number;
  /** When it started, in clock ticks since boot; absent where the system does not tell (anything but Linux). */
  started?: number | undefined;
}

export function identityOfProcess(pid: number): ProcessIdentity {
  return { pid, started: startOf(pid) };
}

/** Sees only processes of its own pid namespace; one that it cannot see counts as gone. */
export function isAlive({ pid, started }: ProcessIdentity): boolean {
  try {
    process.kill(pid, 0);
  } catch (error) {
    // EPERM: it is there, and belongs to somebody else.
    if ((error as NodeJS.ErrnoException).code !== 'EPERM') return false;
  }
  const now = startOf(pid);
  return started === undefined || now === undefined || now === started;
}

/** Field 22 of /proc/PID/stat; the second field, the name, may hold blanks and brackets. */
function startOf(pid: number): number | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
    const started = Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19]);
    return Number.isSafeInteger(started) ? started : undefined;
  } catch {
    return undefined;
  }
}
