/** One end of Node's own IPC channel, which alone can carry handles. */
import { ChildProcess } from 'node:child_process';
import { type Clock, systemClock } from '../base/clock.ts';
import { KindredError } from '../base/errors.ts';

/**
 * Where handles go to, or come from: a child with an IPC channel, or `process` in such a child.
 *
 * A child is Node's own `ChildProcess` (those of `kindred/process` are such), or whatever holds one as its `process`: a
 * worker of `node:cluster`.
 */
export type ChannelEnd = NodeJS.Process | ChildProcess | { readonly process: ChildProcess };

/** Throws `ERR_NOT_SUPPORTED` where there is no IPC channel, and `ERR_BAD_ARGUMENT` for what can have none. */
export function openEnd(end: ChannelEnd): ChildProcess {
  const own: unknown =
    end instanceof ChildProcess || end === process ? end : (end as { process?: unknown })?.process;
  if (!(own instanceof ChildProcess) && own !== process)
    throw new KindredError(
      'ERR_BAD_ARGUMENT',
      'handles go to and come from a child with an IPC channel, or `process` in such a child',
    );
  if (typeof (own as ChildProcess).send !== 'function')
    throw new KindredError(
      'ERR_NOT_SUPPORTED',
      own === process
        ? 'handles come over an IPC channel, and this process has none: its parent must start it with fork, or with an ipc channel'
        : `handles go over an IPC channel, and ${nameOfEnd(own as ChildProcess)} has none: start it with fork, or with an ipc channel`,
    );
  // Seen from here, `process` has all that is used of a child: send, connected, and the events.
  return own as ChildProcess;
}

/** Whether the channel leads to the process that started this one. */
export function isParent(end: ChildProcess): boolean {
  return (end as unknown) === process;
}

/** For errors. */
export function nameOfEnd(end: ChildProcess): string {
  return isParent(end) ? 'the parent process' : `process ${end.pid ?? '(not started)'}`;
}

/** Tells the time that every process of this machine tells, so that one can say to another until when. */
export const machineClock: Clock = {
  now: () => Number(process.hrtime.bigint() / 1000n) / 1000,
  after: systemClock.after,
};
