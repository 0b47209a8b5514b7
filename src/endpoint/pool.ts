/** `pool`: a module in several processes or threads; each call goes to the one that is least busy. */
import { type Clock, systemClock } from '../base/clock.ts';
import { type JoinedOptions, join, noOptions } from '../rpc/call-options.ts';
import type { Notifier } from '../rpc/client.ts';
import { JoinedCaller } from '../rpc/joined-caller.ts';
import type { Caller, CallOptions } from '../rpc/peer.ts';
import { fileOf, type Hosted, moduleUrl } from './hosted.ts';
import { Crew } from './pool-crew.ts';
import { crewOptions, type PoolOptions } from './pool-options.ts';
import type { Durations } from './pool-stats.ts';
import { untilDone, type Wait } from './until-done.ts';

/** What a pool is busy with, and how it has fared since its start. */
export interface PoolStatus {
  /** Workers that are up. */
  workers: number;
  /** Workers that are being started. */
  starting: number;
  /** Calls that run, also those that were given up and have not ended. */
  running: number;
  /** Calls that wait for a worker. */
  waiting: number;
  /** Calls that were answered with a result. */
  succeeded: number;
  /** Calls that ran and failed. */
  failed: number;
  /** Calls that were made again, because their worker had died in them. */
  repeated: number;
  /** Workers that had died, were recycled or would not stop. */
  replaced: number;
  /** The part of their time for which the workers had calls, from 0 to 1. */
  utilization: number;
  /** How long calls waited for a worker. */
  wait: Durations;
  /** How long they ran. */
  run: Durations;
}

export interface Pool<Module = unknown> extends Caller<Module> {
  readonly state: 'open' | 'draining' | 'closed';
  /** What its workers run, for logs. */
  readonly address: string;
  /** Those that are up. Each can be called apart, without the queue. */
  readonly workers: ReadonlySet<Hosted<Module>>;
  /** Notifies all that are up; resolves when written to all that are still there. */
  readonly notify: Notifier<Module>;
  readonly status: PoolStatus;
  /** One more call would reject with `ERR_BUSY`. */
  readonly full: boolean;
  /** Resolves when at most half as many calls wait as may, and it is not full; or the pool is closed. */
  room(options?: Wait): Promise<void>;
  /** Gives up all calls that wait for a worker, with `ERR_CANCELLED`; those that run go on. */
  cancelWaiting(): void;
  /** Puts new workers in the place of all that are up; resolves when the old ones have ended, after what runs in them. */
  recycle(): Promise<void>;
  /** Takes no more calls, finishes those that wait or run, then closes. After `timeoutMs` or when `signal` fires: closes at once. */
  drain(options?: Wait): Promise<void>;
  /** Ends all; resolves when they have ended. Calls reject with `ERR_CLOSED`; what runs may finish within the grace. */
  close(): Promise<void>;
  /** Whether the open pool keeps the process alive, as it does by default, or only calls do. */
  ref(): void;
  unref(): void;
  [Symbol.asyncDispose](): Promise<void>;
}

/**
 * Runs a module in several processes, threads or in place, and gives each call to the worker that is least busy. Calls for
 * which none is free wait, up to a bound. A worker that dies is replaced: calls that ran in it reject with
 * `ERR_PEER_GONE` and the outcome `unknown`, and those that were never sent to it, or are idempotent, run in another. Where the signal of a
 * call fires, or its time runs out, and its function has not settled within the grace, its worker is killed and replaced.
 *
 * Throws `ERR_START_FAILED` where the least number of workers cannot be started (none is left then), and
 * `ERR_BAD_ARGUMENT`.
 *
 * ```ts
 * await using images = await pool<typeof import('./images.ts')>(new URL('./images.ts', import.meta.url), { size: 4 });
 * await Promise.all(files.map((file) => images.call.shrink(file)));
 * ```
 */
export async function pool<Module = unknown>(
  module: URL | string,
  options: PoolOptions<Module> = {},
): Promise<Pool<Module>> {
  return poolIn(module, options, systemClock);
}

export async function poolIn<Module>(
  module: URL | string,
  options: PoolOptions<Module>,
  clock: Clock,
): Promise<Pool<Module>> {
  const url = moduleUrl('pool', module);
  const crew = new Crew(url, crewOptions(options as PoolOptions), clock);
  await crew.start();
  const { timeoutMs, middleware } = options;
  const joined = join(noOptions, { timeoutMs, middleware });
  return new CrewPool(crew, `pool of ${fileOf(url)}`, joined, clock) as unknown as Pool<Module>;
}

class CrewPool implements Pool {
  readonly address: string;
  readonly #crew: Crew;
  readonly #caller: Caller<unknown>;
  readonly #clock: Clock;

  constructor(crew: Crew, address: string, options: JoinedOptions, clock: Clock) {
    this.address = address;
    this.#crew = crew;
    this.#clock = clock;
    this.#caller = new JoinedCaller(options, {
      peer: this as Caller<unknown> & Pick<Pool, 'state' | 'address'>,
      call: (method, args, given) => crew.call(method, args, given),
      notify: (method, args, given) => notifyAll(this.workers, method, args, given),
    });
  }

  get call(): Caller<unknown>['call'] {
    return this.#caller.call;
  }

  get notify(): Caller<unknown>['notify'] {
    return this.#caller.notify;
  }

  with(options: CallOptions): Caller<unknown> {
    return this.#caller.with(options);
  }

  get state(): Pool['state'] {
    return this.#crew.state;
  }

  get workers(): ReadonlySet<Hosted<unknown>> {
    return new Set([...this.#crew.workers].map(({ hosted }) => hosted));
  }

  get status(): PoolStatus {
    const { workers, starting, running, waiting, utilization, stats } = this.#crew;
    const { succeeded, failed, repeated, replaced, wait, run } = stats;
    return {
      workers: workers.size,
      starting,
      running,
      waiting,
      succeeded,
      failed,
      repeated,
      replaced,
      utilization,
      wait,
      run,
    };
  }

  get full(): boolean {
    return this.#crew.full;
  }

  room(options: Wait = {}): Promise<void> {
    return untilDone('room in the pool', this.#crew.room(), options, this.#clock);
  }

  cancelWaiting(): void {
    this.#crew.cancelWaiting();
  }

  recycle(): Promise<void> {
    return this.#crew.recycle();
  }

  async drain(options: Wait = {}): Promise<void> {
    if (this.state !== 'closed')
      // Whoever runs out of patience wants it closed all the same.
      await untilDone('the end of all calls', this.#crew.rest(), options, this.#clock).catch(() => {});
    await this.close();
  }

  close(): Promise<void> {
    return this.#crew.close();
  }

  ref(): void {
    this.#crew.setRef(true);
  }

  unref(): void {
    this.#crew.setRef(false);
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }
}

type Notify = Record<string, (...args: readonly unknown[]) => Promise<void>>;

async function notifyAll(
  workers: ReadonlySet<Hosted<unknown>>,
  method: string,
  args: readonly unknown[],
  { signals, middleware: _hasRun, ...options }: JoinedOptions,
): Promise<void> {
  const signal = signals.length > 1 ? AbortSignal.any([...signals]) : signals[0];
  const tell = async (worker: Hosted<unknown>): Promise<void> => {
    try {
      await (worker.with({ ...options, signal }).notify as Notify)[method]?.(...args);
    } catch (error) {
      // Who is gone by now needs no telling; anything else is the caller's to know.
      if (worker.state !== 'closed') throw error;
    }
  };
  await Promise.all([...workers].map(tell));
}
