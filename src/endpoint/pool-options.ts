/** The options of a pool, and what they come to. */
import { availableParallelism } from 'node:os';
import { checkMiddleware } from '../rpc/middleware/check-middleware.ts';
import type { CallOptions } from '../rpc/peer.ts';
import { checkMs, checkWhole, wrong } from './check-options.ts';
import { defaultGraceMs } from './end-of-input.ts';
import { checkHost, defaultStartMs, type HostOptions } from './host.ts';
import type { Hosted } from './hosted.ts';
import type { WorkerOptions } from './pool-open.ts';
import type { WorkerRules } from './pool-worker.ts';

export interface PoolOptions<Module = unknown> extends HostOptions, Pick<CallOptions, 'middleware'> {
  /** How many workers: a number, or bounds. Default: as many as this process may use (`os.availableParallelism()`). */
  size?: number | { min?: number | undefined; max?: number | undefined } | undefined;
  /** Calls that one worker runs at a time. Default 1. */
  callsPerWorker?: number | undefined;
  /** Calls that wait for a worker; one more rejects with `ERR_BUSY`. Default 1024. */
  maxWaiting?: number | undefined;
  /** A worker above the least number that has had nothing to do for so long ends, in milliseconds. Default 30,000. */
  idleMs?: number | undefined;
  /** The longest that a call may run once a worker has it, in milliseconds; then it fails with `ERR_TIMEOUT`. Default: as long as its own time lets it. */
  runTimeoutMs?: number | undefined;
  /** Another worker comes in the place of one that has got so many calls, or has so many bytes in memory. Default: never. */
  recycleAfter?: { calls?: number | undefined; memoryBytes?: number | undefined } | undefined;
  /** Functions that may run twice for one call: where its worker has died in it, it runs in another. Default: none but for calls made with `idempotent`. */
  idempotent?: readonly string[] | undefined;
  /**
   * Runs for each new worker before it gets calls. One for which it fails has not started. `number`: from 1, another one for
   * each of those that live at the same time.
   */
  warmUp?: ((worker: Hosted<Module>, number: number) => unknown) | undefined;
  /** Runs for each worker that ends in good order, when nothing runs in it any more, for `graceMs` at most. */
  coolDown?: ((worker: Hosted<Module>, number: number) => unknown) | undefined;
}

/** What they come to. */
export interface CrewOptions extends Omit<WorkerOptions, 'graceMs'>, WorkerRules {
  min: number;
  max: number;
  callsPerWorker: number;
  maxWaiting: number;
  idleMs: number;
  /** Names of functions that may run twice for one call. */
  idempotent: ReadonlySet<string>;
}

/** Checked, with their defaults. Throws `ERR_BAD_ARGUMENT`. */
export function crewOptions(options: PoolOptions): CrewOptions {
  checkHost('pool', options);
  const { timeoutMs: _ofCalls, middleware, size = availableParallelism(), ...rest } = options;
  const { startMs = defaultStartMs, graceMs = defaultGraceMs, idleMs = 30_000, recycleAfter = {} } = options;
  const { callsPerWorker = 1, maxWaiting = 1024, runTimeoutMs, warmUp, coolDown } = options;
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
  checkMs('runTimeoutMs', runTimeoutMs);
  if (middleware !== undefined) checkMiddleware(middleware);
  const { calls, memoryBytes } = recycleAfter;
  checkWhole('recycleAfter.calls', calls, 1);
  checkWhole('recycleAfter.memoryBytes', memoryBytes, 1);
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
    runTimeoutMs: runTimeoutMs === 0 || runTimeoutMs === Number.POSITIVE_INFINITY ? undefined : runTimeoutMs,
    recycleAfter: recycled,
    warmUp,
    coolDown,
    idempotent: new Set(options.idempotent),
    tellsMemory,
  };
}
