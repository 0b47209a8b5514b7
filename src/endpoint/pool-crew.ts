/**
 * The workers of a pool and the calls that wait for one.
 *
 * ```
 *   open --drain()--> draining --nothing waits or runs--> closed
 *      \________________________ close() ________________/
 * ```
 * There are as many workers as there is work for, within the bounds of `size`. One that is gone is replaced: at once where
 * it had been of use, else after a pause that grows with each failure in a row.
 */
import { backoffMs } from '../base/backoff.ts';
import type { Clock, Timer } from '../base/clock.ts';
import { KindredError } from '../base/errors.ts';
import { Fifo } from '../base/fifo.ts';
import type { LoopWatch } from '../base/loop-watch.ts';
import type { JoinedOptions } from '../rpc/call-options.ts';
import { createDeadlines, type Deadlines } from '../rpc/deadlines.ts';
import type { Reply } from '../rpc/reply.ts';
import { type HomeOptions, openHome } from './host.ts';
import { type Home, type Hosted, openHosted } from './hosted.ts';
import { PoolCall, type PoolCallOwner } from './pool-call.ts';
import { PoolStats } from './pool-stats.ts';
import { type Departure, PoolWorker, type PoolWorkerOwner } from './pool-worker.ts';
import { context, events, loopWatch } from './runtime.ts';

export interface CrewOptions extends HomeOptions {
  min: number;
  max: number;
  callsPerWorker: number;
  maxWaiting: number;
  idleMs: number;
  startMs: number;
  graceMs: number;
  recycleAfter: { calls?: number | undefined; memoryBytes?: number | undefined };
  warmUp: ((worker: Hosted<unknown>) => unknown) | undefined;
}

/** One that has lived for so long, in milliseconds, did not die of its start. */
const steadyMs = 10_000;
const backoff = { firstMs: 100, maxMs: 10_000 };

export class Crew implements PoolWorkerOwner, PoolCallOwner {
  readonly clock: Clock;
  readonly graceMs: number;
  readonly recycleAfter: CrewOptions['recycleAfter'];
  readonly deadlines: Deadlines;
  readonly watch: LoopWatch = loopWatch;
  readonly stats: PoolStats = new PoolStats();
  /** Those that are up, also those that are about to end. */
  readonly workers: Set<PoolWorker> = new Set();
  state: 'open' | 'draining' | 'closed' = 'open';
  readonly #url: string;
  readonly #options: CrewOptions;
  readonly #closing = new AbortController();
  readonly #starting = new Set<Promise<unknown>>();
  readonly #ending = new Set<Promise<void>>();
  #waiting = new Fifo<PoolCall>();
  /** Of those in the queue: given up, and not taken out yet. */
  #stale = 0;
  #failures = 0;
  #restart: Timer | undefined;
  #idle: Timer | undefined;
  #refd = true;
  #room: (() => void)[] = [];
  #rest: (() => void)[] = [];
  /** Of the workers that are gone, in milliseconds. */
  #livedMs = 0;

  constructor(url: string, options: CrewOptions, clock: Clock) {
    this.#url = url;
    this.#options = options;
    this.clock = clock;
    this.graceMs = options.graceMs;
    this.recycleAfter = options.recycleAfter;
    this.deadlines = createDeadlines(this.watch, clock);
  }

  get starting(): number {
    return this.#starting.size;
  }

  get waiting(): number {
    return this.#waiting.size - this.#stale;
  }

  get running(): number {
    return sum(this.workers, ({ running }) => running);
  }

  /** One more call would be refused. */
  get full(): boolean {
    return this.waiting >= this.#mostWaiting;
  }

  /** The part of their time for which the places of all workers had a call, from 0 to 1. */
  get utilization(): number {
    const now = this.clock.now();
    const livedMs = this.#livedMs + sum(this.workers, ({ readySince }) => now - readySince);
    return livedMs <= 0 ? 0 : Math.min(1, this.stats.busyMs / (livedMs * this.#options.callsPerWorker));
  }

  /** Resolves when the least number of workers is up. Throws, and leaves none, where one cannot be started. */
  async start(): Promise<void> {
    let failure: unknown;
    const starts = Array.from({ length: this.#options.min }, () =>
      this.#start().catch((error: unknown) => {
        failure ??= error;
        this.#closing.abort();
      }),
    );
    await Promise.all(starts);
    if (failure === undefined) return;
    await this.close();
    throw failure;
  }

  call(method: string, args: readonly unknown[], options: JoinedOptions): Reply<unknown> {
    const call = new PoolCall(this, method, args, options, this.clock.now(), context.current());
    const refusal = this.#refusal() ?? call.refusal();
    const worker = refusal === undefined && this.waiting === 0 ? this.#freest() : undefined;
    if (refusal !== undefined) call.fail(refusal.withOutcome('not-sent'));
    else if (worker !== undefined) this.#give(worker, call);
    else if (this.full) call.fail(this.#busy(method));
    else {
      this.#waiting.push(call);
      call.wait();
      this.#hire();
    }
    return call.reply;
  }

  /** Resolves when no more than half of the calls wait that may, or the pool is closed. */
  room(): Promise<void> {
    return new Promise((resolve) => {
      this.#room.push(resolve);
      this.#tell();
    });
  }

  /** Another worker in the place of each that is up now, which ends when nothing runs in it any more. */
  async recycle(): Promise<void> {
    const old = [...this.workers];
    for (const worker of old) worker.leave('recycled');
    await Promise.all(old.map(({ ended }) => ended));
  }

  /** Takes no more calls; resolves when nothing waits or runs. */
  rest(): Promise<void> {
    if (this.state === 'open') this.state = 'draining';
    return new Promise((resolve) => {
      this.#rest.push(resolve);
      this.#tell();
    });
  }

  async close(): Promise<void> {
    this.state = 'closed';
    this.#closing.abort();
    this.#restart?.cancel();
    this.#idle?.cancel();
    this.#failWaiting(this.#refusal() as KindredError);
    await Promise.all([...this.workers].map((worker) => worker.close()));
    while (this.#starting.size + this.#ending.size > 0)
      await Promise.allSettled([...this.#starting, ...this.#ending]);
    this.deadlines.clear();
    this.#tell();
  }

  /** Whether workers without a call keep this process alive. */
  setRef(on: boolean): void {
    this.#refd = on;
    for (const worker of this.workers) worker.setRef(on || worker.running > 0);
    if (!on && this.waiting === 0) this.#restart?.unref();
  }

  left(): void {
    this.#stale++;
    if (this.#stale * 2 > this.#waiting.size) {
      this.#waiting.take((call) => call.state !== 'waiting');
      this.#stale = 0;
    }
    this.#tell();
  }

  settled(succeeded: boolean, ranMs: number): void {
    this.stats.ran(succeeded, ranMs);
    if (succeeded) this.#failures = 0;
  }

  unsent(call: PoolCall): void {
    if (this.state === 'closed') return call.fail(this.#refusal());
    this.#waiting.unshift(call);
    call.waitAgain();
    this.#pump();
  }

  changed(worker: PoolWorker): void {
    if (worker.running === 0 && !this.#refd) worker.setRef(false);
    this.#pump();
    this.#watchIdle();
    this.#tell();
  }

  gone(worker: PoolWorker, why: Departure): void {
    const { hosted, readySince, answered } = worker;
    const livedMs = this.clock.now() - readySince;
    this.workers.delete(worker);
    this.#livedMs += livedMs;
    this.#ending.add(worker.ended);
    void worker.ended.finally(() => this.#ending.delete(worker.ended));
    if (why === 'died' && answered === 0 && livedMs < steadyMs) this.#failures++;
    else this.#failures = 0;
    const url = this.#url;
    void hosted.exited.then(
      (exit) => events.publish('kindred:worker.down', () => ({ url, pid: hosted.pid, why, exit })),
      () => {},
    );
    if (why !== 'idle' && this.state !== 'closed') this.stats.replaced++;
    this.#pump();
    this.#tell();
  }

  get #mostWaiting(): number {
    const { max, callsPerWorker, maxWaiting } = this.#options;
    const coming = Math.max(0, max - this.#ready) * callsPerWorker;
    return maxWaiting + coming;
  }

  get #ready(): number {
    return sum(this.workers, ({ state }) => (state === 'ready' ? 1 : 0));
  }

  #refusal(): KindredError | undefined {
    if (this.state === 'open') return undefined;
    const said = this.state === 'draining' ? 'the pool is being drained' : 'the pool is closed';
    return new KindredError('ERR_CLOSED', said, { outcome: 'not-sent' });
  }

  #busy(method: string): KindredError {
    return new KindredError(
      'ERR_BUSY',
      `${method}: ${this.waiting} calls wait for a worker of the pool (maxWaiting ${this.#options.maxWaiting}): wait for pool.room() first`,
      { outcome: 'not-sent' },
    );
  }

  /** The least busy; of several the one that was used last, so that others come to be idle. */
  #freest(): PoolWorker | undefined {
    let best: PoolWorker | undefined;
    for (const worker of this.workers) {
      if (!worker.mayTake || worker.running >= this.#options.callsPerWorker) continue;
      const isBetter =
        best === undefined ||
        worker.running < best.running ||
        (worker.running === best.running && worker.lastUsed > best.lastUsed);
      if (isBetter) best = worker;
    }
    return best;
  }

  #give(worker: PoolWorker, call: PoolCall): void {
    this.stats.waited(this.clock.now() - call.since);
    if (!this.#refd && worker.running === 0) worker.setRef(true);
    worker.run(call);
  }

  #pump(): void {
    while (this.waiting > 0) {
      const worker = this.#freest();
      if (worker === undefined) break;
      const call = this.#waiting.shift() as PoolCall;
      if (call.state === 'waiting') this.#give(worker, call);
      else this.#stale--;
    }
    this.#hire();
  }

  /** As many workers as there is work for. */
  #hire(): void {
    if (this.state === 'closed' || this.#restart !== undefined) return;
    const { min, max, callsPerWorker } = this.#options;
    const busy = sum(this.workers, ({ state, running }) => (state === 'ready' ? running : 0));
    const wanted = Math.min(max, Math.max(min, Math.ceil((busy + this.waiting) / callsPerWorker)));
    let missing = wanted - this.#ready - this.#starting.size;
    if (missing <= 0) return;
    const pauseMs = backoffMs(this.#failures, backoff);
    if (pauseMs > 0) {
      this.#restart = this.clock.after(pauseMs, () => {
        this.#restart = undefined;
        // One more try; where it fails the pause grows.
        this.#try();
      });
      if (!this.#refd && this.waiting === 0) this.#restart.unref();
      return;
    }
    while (missing-- > 0) this.#try();
  }

  #try(): void {
    if (this.state === 'closed') return;
    void this.#start().catch((error: KindredError) => {
      if (this.#closing.signal.aborted) return;
      this.#failures++;
      const url = this.#url;
      events.publish('kindred:worker.failed', () => ({ url, error }));
      // Nobody is left for them to wait for.
      if (this.#ready + this.#starting.size === 0) this.#failWaiting(error);
      this.#hire();
    });
  }

  /** Resolves when it is up, and takes calls. */
  #start(): Promise<void> {
    const starting = this.#open().finally(() => this.#starting.delete(starting));
    this.#starting.add(starting);
    return starting.then((worker) => {
      if (worker === undefined) return;
      this.#pump();
      this.#watchIdle();
    });
  }

  async #open(): Promise<PoolWorker | undefined> {
    const { signal } = this.#closing;
    const home = await openHome(this.#url, this.#options);
    const giveUp = (): void => void home.peer.close();
    signal.addEventListener('abort', giveUp);
    if (signal.aborted) giveUp();
    try {
      const hosted = await openHosted<unknown>(this.#url, home, this.#options.startMs, undefined, this.clock);
      await this.#warmUp(hosted, home);
      if (signal.aborted) {
        await hosted.close();
        return undefined;
      }
      return this.#admit(hosted, home);
    } finally {
      signal.removeEventListener('abort', giveUp);
    }
  }

  #admit(hosted: Hosted<unknown>, home: Home): PoolWorker {
    const worker = new PoolWorker(hosted, home, this);
    this.workers.add(worker);
    if (!this.#refd) worker.setRef(false);
    events.publish('kindred:worker.up', () => ({ url: this.#url, pid: hosted.pid }));
    return worker;
  }

  async #warmUp(hosted: Hosted<unknown>, home: Home): Promise<void> {
    const { warmUp, startMs } = this.#options;
    if (warmUp === undefined) return;
    const late = Promise.withResolvers<never>();
    const timer = this.clock.after(startMs, () =>
      late.reject(new KindredError('ERR_TIMEOUT', `it was not warmed up within ${startMs} ms`)),
    );
    const ended = home.exited.then(() => Promise.reject(new KindredError('ERR_PEER_GONE', 'it has ended')));
    ended.catch(() => {});
    try {
      await Promise.race([warmUp(hosted), late.promise, ended]);
    } catch (cause) {
      await hosted.close();
      const told = cause instanceof Error ? cause.message : String(cause);
      throw new KindredError('ERR_START_FAILED', `${this.#url} could not be warmed up: ${told}`, {
        cause,
        outcome: 'not-sent',
      });
    } finally {
      timer.cancel();
    }
  }

  /** Ends workers above the least number that have had nothing to do for `idleMs`. */
  #watchIdle(): void {
    const { min, idleMs } = this.#options;
    if (this.#idle !== undefined || this.state === 'closed' || this.#ready <= min) return;
    const idle = [...this.workers].filter(({ running, state }) => running === 0 && state === 'ready');
    if (idle.length === 0 || idleMs === Number.POSITIVE_INFINITY) return;
    const now = this.clock.now();
    const nextMs = Math.min(...idle.map(({ lastUsed }) => lastUsed + idleMs - now));
    this.#idle = this.clock.after(Math.max(1, nextMs), () => {
      this.#idle = undefined;
      const since = this.clock.now() - idleMs;
      for (const worker of idle)
        if (worker.running === 0 && worker.lastUsed <= since && this.#ready > min) worker.leave('idle');
      this.#watchIdle();
    });
    this.#idle.unref();
  }

  #failWaiting(error: KindredError): void {
    const calls = this.#waiting.take();
    this.#stale = 0;
    for (const call of calls) call.fail(error.withOutcome('not-sent'));
    this.#tell();
  }

  #tell(): void {
    const { maxWaiting } = this.#options;
    if (this.state === 'closed' || this.waiting * 2 <= maxWaiting)
      for (const resolve of this.#room.splice(0)) resolve();
    if (this.#rest.length > 0 && this.waiting + this.running === 0)
      for (const resolve of this.#rest.splice(0)) resolve();
  }
}

function sum<T>(items: Iterable<T>, of: (item: T) => number): number {
  let total = 0;
  for (const item of items) total += of(item);
  return total;
}
