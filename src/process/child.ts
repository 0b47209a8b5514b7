/**
 * A process started by this one: Node's own child, with the channel that it was given, and how it ends.
 *
 * ```
 *   running --exit seen--> ended (`exited` resolves)
 *   failed  (it never started: `exited` rejects with what can be mended)
 * ```
 */
import type { ChildProcess } from 'node:child_process';
import type { Duplex } from 'node:stream';
import { KindredError } from '../base/errors.ts';
import { type CollectOptions, collect } from './collect.ts';
import type { ChildOutcome, Exit, Life } from './outcome.ts';
import { type LineOptions, linesOf } from './output.ts';
import type { StderrOf, StdinOf, Stdio, StdioOf, StdoutOf } from './stdio.ts';
import { type TerminateOptions, type Termination, terminate } from './terminate.ts';

/** Over what a parent and its child talk: a socket pair on an extra descriptor, Node's own IPC, the standard streams, or nothing. */
export type ChildChannel = 'descriptor' | 'ipc' | 'stdio' | 'none';

/** A child of whatever streams: Node's own, with what Kindred adds. */
export interface AnyChild extends ChildProcess {
  /** What was started, for logs: the program and its first arguments. */
  readonly name: string;
  /** Over what it was given a channel. (`channel` is Node's own object of the IPC channel.) */
  readonly carrier: ChildChannel;
  /** The open end of the extra descriptor; undefined for the other channels. */
  readonly descriptor: Duplex | undefined;
  readonly kindred: boolean;
  /** Settles once, when the process has really ended. Rejects where it never started: with a code for what can be mended. */
  readonly exited: Promise<Exit>;
  /**
   * How it ends, and what it writes from now on: to be called in the turn of the event loop in which it was started.
   * Rejects only where it never started.
   */
  outcome(
    options?: CollectOptions & { encoding?: BufferEncoding | undefined },
  ): Promise<ChildOutcome<string>>;
  outcome(options: CollectOptions & { encoding: 'buffer' }): Promise<ChildOutcome<Buffer>>;
  /** Its stdout (or stderr) line by line: to be called in the turn of the event loop in which it was started. */
  lines(options?: LineOptions): AsyncGenerator<string, void>;
  /**
   * Asks it to end, and after `graceMs` kills it; with `tree` also what descends from it. Resolves when it has really
   * ended. Rejects where it never started, and as `terminate` does.
   */
  terminate(options?: TerminateOptions): Promise<Termination>;
}

/** The same, its streams typed by what `stdio` makes available. */
export interface Child<S extends Stdio = Stdio>
  extends Omit<AnyChild, 'stdin' | 'stdout' | 'stderr' | 'stdio'> {
  readonly stdin: StdinOf<S>;
  readonly stdout: StdoutOf<S>;
  readonly stderr: StderrOf<S>;
  readonly stdio: StdioOf<S>;
}

const adopted = new WeakSet<object>();

/** Whether it was started by `spawn` or `fork` of Kindred. */
export function isChild(value: unknown): value is AnyChild {
  return typeof value === 'object' && value !== null && adopted.has(value);
}

/**
 * Makes Node's child one of Kindred's. `failureOf`: what it means that it could not be started. `ending`: how it is ended
 * where it breaks a bound.
 */
export function adopt(
  child: ChildProcess,
  life: Life,
  kind: Pick<AnyChild, 'name' | 'carrier' | 'kindred'>,
  fd: number | undefined,
  failureOf: (cause: NodeJS.ErrnoException) => KindredError,
  ending: TerminateOptions,
): Child<Stdio> {
  const exited = new Promise<Exit>((resolve, reject) => {
    child.once('exit', (exitCode, signal) => resolve({ exitCode, signal }));
    child.once('error', (cause) => {
      if (child.pid === undefined) reject(failureOf(cause));
    });
  });
  // Whoever wants to know asks; a child that nobody asks about must not end this process.
  exited.catch(() => {});
  child.on('error', () => {});
  adopted.add(child);
  const send = child.send as ((...args: unknown[]) => boolean) | undefined;
  return Object.assign(child, {
    ...kind,
    descriptor: fd === undefined ? undefined : (child.stdio?.[fd] as Duplex | undefined),
    exited,
    outcome: (options: CollectOptions = {}) =>
      collect(child, kind.name, life, exited, options, () => void terminate(child, ending).catch(() => {})),
    lines: (options?: LineOptions) => linesOf(child, options),
    async terminate(options?: TerminateOptions) {
      // Where it never started, this says why.
      if (child.pid === undefined) await exited;
      return terminate(child, options);
    },
    ...(send === undefined
      ? {}
      : {
          send(message: unknown, ...more: unknown[]): boolean {
            refuseReserved(message);
            return send.call(child, message, ...more);
          },
        }),
  }) as unknown as Child<Stdio>;
}

/** Node.js takes it for its own, calls back without an error, and the child never sees it (measured). */
function refuseReserved(message: unknown): void {
  const { cmd } = (typeof message === 'object' && message !== null ? message : {}) as { cmd?: unknown };
  if (typeof cmd === 'string' && cmd.startsWith('NODE_'))
    throw new KindredError(
      'ERR_RESERVED_MESSAGE',
      `a message whose cmd is ${JSON.stringify(cmd.slice(0, 80))} would be swallowed by Node.js: use another name, or put it into an envelope`,
      { outcome: 'not-sent' },
    );
}
