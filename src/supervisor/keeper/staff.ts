/**
 * A program of the keeper's own: its brain, its logger, or a router. Started with a channel for calls, and a line on which it says that
 * it is ready, in a session of its own: a Ctrl-C is for the keeper to hear.
 */
import { fstatSync, ftruncateSync } from 'node:fs';
import type { Readable } from 'node:stream';
import { type Clock, systemClock } from '../../base/clock.ts';
import { KindredError } from '../../base/errors.ts';
import type { AnyChild } from '../../process/child.ts';
import { inheritedEnv } from '../../process/environment.ts';
import { type Exit, howEnded } from '../../process/outcome.ts';
import { pidFileVariable, readyLine, readyVariable } from '../../process/ready.ts';
import { fork } from '../../process/spawn.ts';
import { markOf, staffId } from './leftovers.ts';

/** A module for Node.js, by its URL or path. */
export interface Program {
  module: string;
  args?: readonly string[] | undefined;
}

export interface Member {
  readonly child: AnyChild;
  readonly exited: Promise<Exit>;
  /** That it has said `READY=1`. Throws `ERR_START_FAILED`: it has ended, or said nothing in time. */
  readonly ready: Promise<void>;
}

/** Of the line that it says on that it is ready. */
export const readyFd = 3;
/**
 * Flags of Node.js for the keeper, and with it for brain and logger: garbage is collected 16 times as often, in pieces so
 * small that they are no slower for it. With 200 services each of them is 10 MiB smaller (measured).
 */
export const staffFlags: readonly string[] = ['--max-semi-space-size=1'];

export interface Wiring {
  channel: 'descriptor' | 'ipc';
  /** Behind that of its readiness. */
  descriptors: readonly number[];
}

/**
 * Its output goes where the keeper's own goes. `directory`: that of the keeper. `orphan`: when the keeper is gone it ends by
 * itself, having done what is left to do; or it is `killed`.
 */
export function startMember(
  directory: string,
  { module, args = [] }: Program,
  orphan: 'ends' | 'killed',
  readyTimeoutMs: number,
  clock: Clock = systemClock,
  { channel, descriptors }: Wiring = { channel: 'descriptor', descriptors: [] },
): Member {
  boundOutput();
  const { [pidFileVariable]: _ownPidFile, ...env } = inheritedEnv();
  const child = fork(module, args, {
    channel,
    kindred: true,
    stdio: ['ignore', 'inherit', 'inherit', 'pipe', ...descriptors],
    // The mark: the next keeper waits until they are gone.
    env: { ...env, [readyVariable]: `fd:${readyFd}`, ...markOf(directory, staffId) },
    detached: true,
    onParentDeath: orphan === 'killed' ? 'die' : 'survive',
    graceMs: 0,
  }) as unknown as AnyChild;
  // One that could not be started has ended, too.
  const exited = child.exited.catch((): Exit => ({ exitCode: null, signal: null }));
  const ready = untilReady(child, readyTimeoutMs, clock);
  ready.catch(() => {});
  return { child, exited, ready };
}

const maxOutputBytes = 4 * 1024 * 1024;

/** A file that all of them append to does not grow without end. */
function boundOutput(): void {
  const stderr = 2;
  try {
    const stat = fstatSync(stderr);
    if (stat.isFile() && stat.size > maxOutputBytes) ftruncateSync(stderr);
  } catch {
    // It is closed, or not to be cut.
  }
}

/** Reads the line at `readyFd`. Throws `ERR_START_FAILED`, with its exit in `data` where it has ended, and the codes of `spawn`. */
export function untilReady(
  child: Pick<AnyChild, 'name' | 'exited' | 'once'> & { stdio?: unknown },
  timeoutMs: number,
  clock: Clock,
): Promise<void> {
  const line = (child.stdio as (Readable | null)[] | undefined)?.[readyFd];
  return new Promise((resolve, reject) => {
    const fail = (why: string, data?: Exit): void =>
      reject(new KindredError('ERR_START_FAILED', `${child.name} did not become ready: ${why}`, { data }));
    const late = clock.after(timeoutMs, () => fail(`it said nothing for ${timeoutMs} ms`));
    child.exited.then((exit) => fail(`it ${howEnded(exit)}`, exit), reject);
    let said = '';
    line?.on('error', () => {});
    line?.setEncoding('latin1').on('data', (text: string) => {
      const lines = (said + text).split('\n');
      said = (lines.pop() ?? '').slice(0, readyLine.length);
      if (!lines.includes(readyLine.trimEnd())) return;
      late.cancel();
      resolve();
    });
    child.once('exit', () => late.cancel());
  });
}
