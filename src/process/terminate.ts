/**
 * Ends a child, and where asked all that descends from it, and waits until that is so.
 *
 * ```
 *   asked --all have ended--> ended
 *     |---graceMs over, or hurry--> killed --all have ended--> ended
 *                                     |---timeoutMs over--> fails, with ERR_TIMEOUT
 * ```
 * Each signal goes to a process whose identity was checked right before, so that none that was given the pid of another
 * one is ever hit; and to none that does not descend from the child.
 */
import type { ChildProcess } from 'node:child_process';
import { type Clock, systemClock } from '../base/clock.ts';
import { KindredError } from '../base/errors.ts';
import { endingScope, type ScopeOptions } from './ending-scope.ts';
import type { Exit } from './outcome.ts';
import type { ProcessIdentity } from './process-identity.ts';
import { type ProcessSystem, thisSystem } from './process-system.ts';

export interface TerminateOptions extends ScopeOptions {
  /** How it is asked. Default `SIGTERM`. */
  signal?: NodeJS.Signals | undefined;
  /** How long it may take to end once it is asked, in milliseconds, before SIGKILL. Default 5000. 0: at once. Infinity: never. */
  graceMs?: number | undefined;
  /** When it fires, the grace is over. (`signal` means here what it means for `kill`.) */
  hurry?: AbortSignal | undefined;
  /** How long it may take to be gone once it is killed, in milliseconds: one that hangs in the kernel is not. Default 10,000. */
  timeoutMs?: number | undefined;
}

export interface Termination extends Exit {
  /** Descendants that live on: they had left the tree, or may not be signalled by this user. Empty without `tree`. */
  survivors: ProcessIdentity[];
}

export interface TerminateSurroundings {
  /** It was sent its signal already, by Node.js. Default false. */
  asked?: boolean | undefined;
  clock?: Clock | undefined;
  system?: ProcessSystem | undefined;
}

/**
 * Asks a child of Node's own `spawn` or `fork` to end, kills it when the grace is over, and resolves when it has really
 * ended: `child.killed` says only that a signal was sent. One that has ended already is not signalled.
 *
 * Throws `ERR_BAD_ARGUMENT` for a child that never started, and for a `tree` that there is not; `ERR_NOT_PERMITTED`
 * where the child belongs to another user; `ERR_TIMEOUT` where it cannot be killed.
 */
export async function terminate(
  child: ChildProcess,
  options: TerminateOptions = {},
  { asked = false, clock = systemClock, system = thisSystem }: TerminateSurroundings = {},
): Promise<Termination> {
  const { signal = 'SIGTERM', graceMs = 5000, timeoutMs = 10_000, hurry } = options;
  const { pid } = child;
  if (pid === undefined)
    throw new KindredError(
      'ERR_BAD_ARGUMENT',
      `${child.spawnfile} was never started: there is nothing to end`,
    );
  for (const [name, ms] of Object.entries({ graceMs, timeoutMs }))
    if (!(ms >= 0))
      throw new KindredError('ERR_BAD_ARGUMENT', `${name} is ${ms}: it takes milliseconds, 0 or more`);

  const scope = endingScope(child, pid, options, system);
  let wake = (): void => {};
  const onExit = (): void => {
    scope.lookAtExit();
    wake();
  };
  const onHurry = (): void => wake();
  child.once('exit', onExit);
  hurry?.addEventListener('abort', onHurry);

  /** Whether all has ended before the time is over; looks often enough that nobody is lost whose parent ends. */
  async function hasEnded(ms: number, again: () => boolean): Promise<boolean> {
    const until = clock.now() + ms;
    for (let pauseMs = 2; ; pauseMs = Math.min(pauseMs * 2, 100)) {
      if (scope.left().length === 0) return true;
      const leftMs = until - clock.now();
      if (leftMs <= 0 || !again()) return false;
      await new Promise<void>((resolve) => {
        const timer = clock.after(scope.isTree ? Math.min(pauseMs, leftMs) : leftMs, resolve);
        wake = () => {
          timer.cancel();
          resolve();
        };
      });
    }
  }

  const isPatient = (): boolean => graceMs > 0 && hurry?.aborted !== true;
  const kill = (): boolean => {
    scope.send('SIGKILL');
    return true;
  };
  try {
    if (isPatient() && !asked) scope.send(signal);
    if (!(await hasEnded(graceMs, isPatient)) && !(await hasEnded(timeoutMs, kill)))
      throw new KindredError(
        'ERR_TIMEOUT',
        `${scope.left().join(', ')} was killed, and still there ${timeoutMs} ms later: it hangs in the kernel`,
      );
    return { exitCode: child.exitCode, signal: child.signalCode, survivors: scope.survivors() };
  } finally {
    child.off('exit', onExit);
    hurry?.removeEventListener('abort', onHurry);
  }
}
