/** `pool`: a module in several processes or threads; each call goes to the one that is least busy. */
import { availableParallelism } from 'node:os';
import { type Clock, systemClock } from '../base/clock.ts';
import { KindredError } from '../base/errors.ts';
import { type JoinedOptions, join, noOptions } from '../rpc/call-options.ts';
import type { Notifier } from '../rpc/client.ts';
import { JoinedCaller } from '../rpc/joined-caller.ts';
import type { Caller, CallOptions } from '../rpc/peer.ts';
import { checkMs } from './check-options.ts';
import { defaultGraceMs } from './end-of-input.ts';
import { checkHost, defaultStartMs, type HostOptions } from './host.ts';
import { fileOf, type Hosted, moduleUrl } from './hosted.ts';
import { Crew, type CrewOptions } from './pool-crew.ts';
import type { Durations } from './pool-stats.ts';
import { untilDone, type Wait } from './until-done.ts';

export interface PoolOptions<Module = unknown> extends HostOptions {
  /** How many workers: a number, or bounds. Default: as many as this process may use (`os.availableParallelism()`). */
  size?: number | { min?: number | undefined; max?: number | undefined } | undefined;
  /** Calls that one worker runs at a time. Default 1. */
  callsPerWorker?: number | undefined;
  /** Calls that wait for a worker; one more rejects with `ERR_BUSY`. Default 1024. */
  maxWaiting?: number | undefined;
  /** A worker above the least number that has had nothing to do for so long ends, in milliseconds. Default 30,000. */
  idleMs?: number | undefined;
  /** Another worker comes in the place of one that has got so many calls, or has so many bytes in memory. Default: never. */
  recycleAfter?: { calls?: number | undefined; memoryBytes?: number | undefined } | undefined;
  /** Runs for each new worker before it gets calls. One for which it fails has not started. */
  warmUp?: ((worker: Hosted<Module>) => unknown) | undefined;
}

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
  /** Resolves when at most half as many calls wait as may, or the pool is closed. */
  room(options?: Wait): Promise<void>;
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
 * `ERR_PEER_GONE` and the outcome `unknown`, and those that were never sent to it run in another. Where the signal of a
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
  const joined = join(noOptions, { timeoutMs: options.timeoutMs });
  return new CrewPool(crew, `pool of ${fileOf(url)}`, joined) as unknown as Pool<Module>;
}

class CrewPool implements Pool {
  readonly address: string;
  readonly #crew: Crew;
  readonly #caller: Caller<unknown>;

  constructor(crew: Crew, address: string, options: JoinedOptions) {
    this.address = address;
    this.#crew = crew;
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
    const { succeeded, failed, replaced, wait, run } = stats;
    const { size } = workers;
    return { workers: size, starting, running, waiting, succeeded, failed, replaced, utilization, wait, run };
  }

  get full(): boolean {
    return this.#crew.full;
  }

  room(options: Wait = {}): Promise<void> {
    return untilDone('room in the pool', this.#crew.room(), options);
  }

  recycle(): Promise<void> {
    return this.#crew.recycle();
  }

  async drain(options: Wait = {}): Promise<void> {
    if (this.state !== 'closed')
      // Whoever runs out of patience wants it closed all the same.
      await untilDone('the end of all calls', this.#crew.rest(), options).catch(() => {});
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
  { signals, ...options }: JoinedOptions,
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

function crewOptions(options: PoolOptions): CrewOptions {
  checkHost('pool', options);
  const { timeoutMs: _ofCalls, size = availableParallelism(), ...rest } = options;
  const { startMs = defaultStartMs, graceMs = defaultGraceMs, idleMs = 30_000, recycleAfter = {} } = options;
  const { callsPerWorker = 1, maxWaiting = 1024, warmUp } = options;
  const bounds = typeof size === 'number' ? { min: size, max: size } : size;
  const { max = Math.max(availableParallelism(), bounds.min ?? 1) } = bounds;
  const { min = Math.min(1, max) } = bounds;
  checkWhole('size', max, 1);
  checkWhole('size.min', min, 0);
  if (min > max) throw wrong(`size.min is ${min}, above size.max (${max})`);
  checkWhole('callsPerWorker', callsPerWorker, 1);
  checkWhole('maxWaiting', maxWaiting, 0);
  checkMs('startMs', startMs);
  checkMs('graceMs', graceMs);
  checkMs('idleMs', idleMs);
  checkMs('timeoutMs', options.timeoutMs);
  const { calls, memoryBytes } = recycleAfter;
  if (calls !== undefined) checkWhole('recycleAfter.calls', calls, 1);
  if (memoryBytes !== undefined) checkWhole('recycleAfter.memoryBytes', memoryBytes, 1);
  // What is in this process has no memory of its own.
  const tellsMemory = memoryBytes !== undefined && options.in !== 'here';
  const recycled = tellsMemory ? { calls, memoryBytes } : { calls };
  return {
    ...rest,
    min,
    max,
    callsPerWorker,
    maxWaiting,
    idleMs,
    startMs,
    graceMs,
    recycleAfter: recycled,
    warmUp,
    tellsMemory,
  };
}

function checkWhole(name: string, value: unknown, least: number): void {
  if (typeof value === 'number' && Number.isInteger(value) && value >= least) return;
  throw wrong(`${name} is ${String(value)}: it takes a whole number, ${least} or more`);
}

function wrong(message: string): KindredError {
  return new KindredError('ERR_BAD_ARGUMENT', message, { outcome: 'not-sent' });
}
