/** Which process it was: a pid alone is given to another one sooner or later. */
import { KindredError } from '../base/errors.ts';
import { type ProcessStat, type ProcessSystem, thisSystem } from './process-system.ts';

/** Can be written down as JSON, and read again by another process, also after the next boot. */
export interface ProcessIdentity {
  pid: number;
  /** When it started, in clock ticks since boot; absent where the system does not tell (anything but Linux). */
  started?: number | undefined;
  /** The boot since which these ticks count; absent where the system does not tell, or whoever wrote it down did not. */
  boot?: string | undefined;
}

export function identityOfProcess(pid: number, system: ProcessSystem = thisSystem): ProcessIdentity {
  return { pid, started: system.stat(pid)?.started, boot: system.bootId() };
}

/**
 * Whether this very process still runs. What is absent from the identity is not compared. Sees only processes of its own
 * pid namespace; one that it cannot see counts as gone, and so does one that has ended and was not waited for.
 */
export function isAlive(identity: ProcessIdentity, system: ProcessSystem = thisSystem): boolean {
  try {
    system.kill(identity.pid, 0);
  } catch (error) {
    // EPERM: it is there, and belongs to somebody else.
    if ((error as NodeJS.ErrnoException).code !== 'EPERM') return false;
  }
  if (!isOfThisBoot(identity, system)) return false;
  const now = system.stat(identity.pid);
  return now === undefined || (!now.ended && isSame(identity, now));
}

/**
 * Sends a signal to this very process: looks right before whether it is still the same. `gone`: it has ended, or another
 * one has its pid. (Where there is no /proc, as on macOS, the pid alone tells.)
 *
 * Throws `ERR_NOT_PERMITTED` where it belongs to somebody else, and `ERR_BAD_ARGUMENT` for what is no pid or no signal.
 */
export function signalProcess(
  identity: ProcessIdentity,
  signal: NodeJS.Signals,
  system: ProcessSystem = thisSystem,
): 'sent' | 'gone' {
  // 0 and below are process groups, and all processes.
  if (!Number.isSafeInteger(identity.pid) || identity.pid <= 0)
    throw new KindredError('ERR_BAD_ARGUMENT', `${identity.pid} is no pid: it takes a whole number above 0`);
  return isAlive(identity, system) ? send(identity.pid, signal, system) : 'gone';
}

/** To a process, or with a negative pid to a group, of which is known that it is the one that is meant. */
export function send(pid: number, signal: NodeJS.Signals, system: ProcessSystem): 'sent' | 'gone' {
  try {
    system.kill(pid, signal);
    return 'sent';
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ESRCH') return 'gone';
    const whom = pid > 0 ? `process ${pid}` : `process group ${-pid}`;
    if (code === 'EPERM')
      throw new KindredError(
        'ERR_NOT_PERMITTED',
        `${whom} may not be sent ${signal} by user ${process.geteuid?.()}: it belongs to somebody else`,
        { cause: error },
      );
    throw new KindredError(
      'ERR_BAD_ARGUMENT',
      `${signal} cannot be sent to ${whom}: ${(error as Error).message}`,
      { cause: error },
    );
  }
}

/** Of the same boot. */
export function isSame({ pid, started }: ProcessIdentity, now: ProcessStat): boolean {
  return pid === now.pid && (started === undefined || started === now.started);
}

function isOfThisBoot({ boot }: ProcessIdentity, system: ProcessSystem): boolean {
  return boot === undefined || boot === (system.bootId() ?? boot);
}
