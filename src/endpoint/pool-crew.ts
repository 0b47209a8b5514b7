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
import type { Clock } from '../base/clock.ts';
import { KindredError } from '../base/errors.ts';
import type { LoopWatch } from '../base/loop-watch.ts';
import type { JoinedOptions } from '../rpc/call-options.ts';
import { createDeadlines, type Deadlines } from '../rpc/deadlines.ts';
import type { Reply } from '../rpc/reply.ts';
import { Condition } from './condition.ts';
import { type HeldCall, type HeldCallOwner, holdCall } from './held-call.ts';
import { tellDown, tellFailed, tellUp } from './pool-events.ts';
import { PoolIdle } from './pool-idle.ts';
import type { OpenedWorker } from './pool-open.ts';
import type { CrewOptions } from './pool-options.ts';
import { pick } from './pool-pick.ts';
import { PoolQueue } from './pool-queue.ts';
import { mayRepeat } from './pool-repeat.ts';
import { PoolStarts, type PoolStartsOwner } from './pool-starts.ts';
import { PoolStats } from './pool-stats.ts';
import { type Departure, PoolWorker, type PoolWorkerOwner, type WorkerRules } from './pool-worker.ts';
import { context, loopWatch } from './runtime.ts';

/** One that has lived for so long, in milliseconds, did not die of its start. */
const steadyMs = 10_000;

export class Crew implements PoolWorkerOwner, HeldCallOwner, PoolStartsOwner {
  readonly clock: Clock;
  readonly rules: WorkerRules;
  readonly deadlines: Deadlines;
  readonly watch: LoopWatch = loopWatch;
  readonly stats: PoolStats = new PoolStats();
  /** Those that are up, also those that are about to end. */
  readonly workers: Set<PoolWorker> = new Set();
  state: 'open' | 'draining' | 'closed' = 'open';
  readonly #url: string;
  readonly #options: CrewOptions;
  readonly #starts: PoolStarts;
  readonly #idle: PoolIdle;
  readonly #waiting: PoolQueue = new PoolQueue();
  readonly #ending = new Set<Promise<void>>();
  /** Given to a worker, and neither settled nor given back: a worker may be gone by then. */
  #unsettled = 0;
  #refd = true;
  readonly #room: Condition = new Condition(() => this.#hasRoom);
  readonly #rest: Condition = new Condition(() => this.waiting + this.running + this.#unsettled === 0);

  constructor(url: string, options: CrewOptions, clock: Clock) {
    this.#url = url;
    this.#options = options;
    this.clock = clock;
    this.rules = options;
    this.deadlines = createDeadlines(this.watch, clock);
    this.#starts = new PoolStarts(url, options, this);
    this.#idle = new PoolIdle(options.idleMs, this.workers, () => this.#ready - options.min, clock);
  }

  get starting(): number {
    return this.#starts.size;
  }

  get waiting(): number {
    return this.#waiting.size;
  }

  get running(): number {
    return sum(this.workers, ({ running }) => running);
  }

  /** One more call would be refused. */
  get full(): boolean {
    return this.waiting >= this.#mostWaiting && this.#freest() === undefined;
  }

  /** The part of their time for which the places of all workers had a call, from 0 to 1. */
  get utilization(): number {
    const now = this.clock.now();
    const aliveMs = sum(this.workers, ({ readySince }) => now - readySince);
    return this.stats.utilization(aliveMs, this.#options.callsPerWorker);
  }

  /** Resolves when the least number of workers is up. Throws, and leaves none, where one cannot be started. */
  async start(): Promise<void> {
    try {
      await this.#starts.first(this.#options.min);
    } catch (error) {
      await this.close();
      throw error;
    }
  }

  call(method: string, args: readonly unknown[], options: JoinedOptions): Reply<unknown> {
    const from = context.current();
    const { call, reply } = holdCall(this, this.clock.now(), { method, args, options, from });
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
    return reply;
  }

  /** Resolves when no more than half of the calls wait that may, and one more may come; or the pool is closed. */
  room(): Promise<void> {
    return this.#room.wait();
  }

  /** Another worker in the place of each that is up now, which ends when nothing runs in it any more. */
  async recycle(): Promise<void> {
    const old = [...this.workers];
    for (const worker of old) worker.leave('recycled');
    await Promise.all(old.map(({ ended }) => ended));
  }

  /** Gives up all calls that wait; those that run go on. */
  cancelWaiting(): void {
    this.#failWaiting(new KindredError('ERR_CANCELLED', 'all calls that waited for a worker were cancelled'));
  }

  /** Takes no more calls; resolves when nothing waits or runs. */
  rest(): Promise<void> {
    if (this.state === 'open') this.state = 'draining';
    return this.#rest.wait();
  }

  async close(): Promise<void> {
    this.state = 'closed';
    this.#idle.stop();
    const started = this.#starts.close();
    this.#failWaiting(this.#refusal() as KindredError);
    await Promise.all([...this.workers].map((worker) => worker.close()));
    await started;
    while (this.#ending.size > 0) await Promise.allSettled(this.#ending);
    this.deadlines.clear();
    this.#tell();
  }

  /** Whether workers without a call keep this process alive. */
  setRef(on: boolean): void {
    this.#refd = on;
    for (const worker of this.workers) worker.setRef(on || worker.running > 0);
    if (!on && this.waiting === 0) this.#starts.unref();
  }

  late({ method }: HeldCall): KindredError {
    return new KindredError('ERR_TIMEOUT', `${method}: no worker was free in time`);
  }

  left(): void {
    this.#waiting.left();
    this.#tell();
  }

  settled(succeeded: boolean, ranMs: number): void {
    this.#unsettled--;
    this.stats.ran(succeeded, ranMs);
    if (succeeded) this.#starts.judge(true);
    this.#rest.look();
  }

  unsent(call: HeldCall): void {
    this.#giveBack(call);
  }

  interrupted(call: HeldCall, ranMs: number): boolean {
    call.runs++;
    if (this.state === 'closed' || !mayRepeat(call, this.#options.idempotent)) return false;
    this.stats.interrupted(ranMs);
    call.mayHaveRun = true;
    this.#giveBack(call);
    return true;
  }

  changed(worker: PoolWorker): void {
    if (worker.running === 0 && !this.#refd) worker.setRef(false);
    this.#pump();
    this.#idle.look();
    this.#tell();
  }

  admit(opened: OpenedWorker): void {
    const worker = new PoolWorker(opened, this);
    this.workers.add(worker);
    if (!this.#refd) worker.setRef(false);
    tellUp(this.#url, worker);
    this.#pump();
    this.#idle.look();
    this.#tell();
  }

  startFailed(error: KindredError): void {
    tellFailed(this.#url, error);
    // Nobody is left for them to wait for.
    if (this.#ready + this.starting === 0) this.#failWaiting(error);
    this.#hire();
  }

  gone(worker: PoolWorker, why: Departure): void {
    const { hosted, number, readySince, answered } = worker;
    const livedMs = this.clock.now() - readySince;
    this.workers.delete(worker);
    this.stats.livedMs += livedMs;
    this.#ending.add(worker.ended);
    this.#starts.judge(why !== 'died' || answered > 0 || livedMs >= steadyMs);
    void Promise.all([hosted.exited, worker.ended])
      .then(([exit]) => tellDown(this.#url, worker, why, exit))
      .catch(() => {})
      .finally(() => {
        this.#starts.release(number);
        this.#ending.delete(worker.ended);
      });
    if (why !== 'idle' && this.state !== 'closed') this.stats.replaced++;
    this.#pump();
    this.#tell();
  }

  get #hasRoom(): boolean {
    return this.state === 'closed' || (this.waiting * 2 <= this.#options.maxWaiting && !this.full);
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

  #freest(): PoolWorker | undefined {
    return pick(this.workers, this.#options.callsPerWorker);
  }

  #give(worker: PoolWorker, call: HeldCall): void {
    this.#unsettled++;
    this.stats.waited(this.clock.now() - call.since);
    if (!this.#refd && worker.running === 0) worker.setRef(true);
    worker.run(call);
  }

  /** It had its turn, and is the first to get another. */
  #giveBack(call: HeldCall): void {
    this.#unsettled--;
    if (this.state === 'closed') call.fail(this.#refusal());
    else {
      this.#waiting.putBack(call);
      call.waitAgain();
      this.#pump();
    }
    this.#tell();
  }

  #pump(): void {
    while (this.waiting > 0) {
      const worker = this.#freest();
      if (worker === undefined) break;
      const call = this.#waiting.shift();
      if (call !== undefined) this.#give(worker, call);
    }
    this.#hire();
  }

  /** As many workers as there is work for. */
  #hire(): void {
    if (this.state === 'closed') return;
    const { min, max, callsPerWorker } = this.#options;
    const busy = sum(this.workers, ({ state, running }) => (state === 'ready' ? running : 0));
    const wanted = Math.min(max, Math.max(min, Math.ceil((busy + this.waiting) / callsPerWorker)));
    this.#starts.want(wanted - this.#ready - this.starting, this.#refd || this.waiting > 0);
  }

  #failWaiting(error: KindredError): void {
    for (const call of this.#waiting.takeAll()) call.fail(error.withOutcome('not-sent'));
    this.#tell();
  }

  #tell(): void {
    this.#room.look();
    this.#rest.look();
  }
}

function sum<T>(items: Iterable<T>, of: (item: T) => number): number {
  let total = 0;
  for (const item of items) total += of(item);
  return total;
}
