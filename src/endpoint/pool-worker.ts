/**
 * One worker of a pool: a hosted module, and the calls that run in it.
 *
 * ```
 *   ready --leave(): recycled, idle, or a call will not stop--> leaving --nothing runs, coolDown(), or killed--> gone
 *      \_____________________ it has died, or somebody has closed it __________________________________________/
 * ```
 * A call that was given up goes on counting until its function has settled. Where it has not after the grace, the worker
 * takes no more calls, is killed when nothing else runs in it, and after as long again whatever runs.
 */
import type { Clock, Timer } from '../base/clock.ts';
import { KindredError } from '../base/errors.ts';
import type { HeldCall } from './held-call.ts';
import type { Home, Hosted } from './hosted.ts';
import { memoryMethod } from './own-memory.ts';
import type { OpenedWorker } from './pool-open.ts';
import { runTask, type WorkerTask } from './pool-task.ts';

/** Why a worker is gone. */
export type Departure = 'died' | 'recycled' | 'idle' | 'stuck' | 'closed';

/** What holds for each worker of a pool. */
export interface WorkerRules {
  /** How long what was given up, or runs at the end, may go on, in milliseconds. */
  readonly graceMs: number;
  /** How long a call may run, in milliseconds. */
  readonly runTimeoutMs: number | undefined;
  readonly recycleAfter: { calls?: number | undefined; memoryBytes?: number | undefined };
  readonly coolDown: WorkerTask | undefined;
}

/** What a worker tells its pool. */
export interface PoolWorkerOwner {
  readonly clock: Clock;
  readonly rules: WorkerRules;
  /** A call has settled here after so many milliseconds. */
  settled(succeeded: boolean, ranMs: number): void;
  /** A call was never sent: it has to go elsewhere. */
  unsent(call: HeldCall): void;
  /** A call was here when its worker died: true where it goes elsewhere. */
  interrupted(call: HeldCall, ranMs: number): boolean;
  /** It may take a call more, or has stopped taking any. */
  changed(worker: PoolWorker): void;
  gone(worker: PoolWorker, why: Departure): void;
}

/** How often a worker is asked for its memory at most, in milliseconds. */
const memoryEveryMs = 100;

export class PoolWorker {
  readonly hosted: Hosted<unknown>;
  /** Tells it from the others that live at the same time. */
  readonly number: number;
  readonly readySince: number;
  /** Calls that run here, with those that were given up and have not ended. */
  running = 0;
  /** Calls that it has got. */
  calls = 0;
  /** Calls that it has answered. */
  answered = 0;
  /** When it began or ended its last call, on the clock. */
  lastUsed: number;
  state: 'ready' | 'leaving' | 'gone' = 'ready';
  /** Resolves when nothing of it is left. */
  readonly ended: Promise<void>;
  /** What `coolDown` has failed with. */
  failure: unknown;
  readonly #home: Home;
  readonly #owner: PoolWorkerOwner;
  #why: Departure | undefined;
  #cooled: Promise<void> | undefined;
  /** Calls that were given up long ago. */
  #stuck = 0;
  #killTimer: Timer | undefined;
  #asking = false;
  #lastAsked = Number.NEGATIVE_INFINITY;

  constructor({ hosted, home, number }: OpenedWorker, owner: PoolWorkerOwner) {
    this.hosted = hosted;
    this.number = number;
    this.#home = home;
    this.#owner = owner;
    this.readySince = owner.clock.now();
    this.lastUsed = this.readySince;
    this.ended = this.#live();
  }

  get mayTake(): boolean {
    return this.state === 'ready' && this.hosted.state === 'open';
  }

  run(call: HeldCall): void {
    const { clock, rules } = this.#owner;
    const began = clock.now();
    this.running++;
    this.calls++;
    this.lastUsed = began;
    if (this.calls >= (rules.recycleAfter.calls ?? Number.POSITIVE_INFINITY)) this.leave('recycled');
    const grace: Grace = { over: false, timer: undefined, stuck: false };
    let isStream = false;
    const done = (): void => this.#over(grace);
    const over = (): void => {
      // Whether the source of a stream that was given up has blocked its worker is known from another sign of life.
      if (!isStream || this.hosted.state === 'closed') return done();
      this.#giveGrace(grace);
      this.hosted.ping().then(done, done);
    };
    const { peer } = this.#home;
    const reply = call.run(
      (options) => peer.invoke(call.method, call.args, options, over),
      rules.runTimeoutMs,
    );
    reply.then(
      (value) => {
        isStream = typeof value === 'object' && value !== null && Symbol.asyncIterator in value;
        this.answered++;
        this.#owner.settled(true, clock.now() - began);
        call.succeed(value);
      },
      (error: unknown) => {
        if (isUnsent(error)) {
          // It is gone, and its channel only has not said so yet.
          this.leave('died');
          return this.#owner.unsent(call);
        }
        if (!grace.over) this.#giveGrace(grace);
        const ranMs = clock.now() - began;
        if (isInterrupted(error)) {
          this.leave('died');
          if (this.#owner.interrupted(call, ranMs)) return;
        }
        if (!(error instanceof KindredError) || error.outcome === 'executed') this.answered++;
        this.#owner.settled(false, ranMs);
        call.fail(error);
      },
    );
  }

  /** Takes no more calls, and ends when nothing runs. */
  leave(why: Departure): void {
    if (this.state !== 'ready') return;
    this.state = 'leaving';
    this.#why = why;
    this.#owner.changed(this);
    this.#endWhenFree();
  }

  /** Ends it: its calls reject with `ERR_CLOSED`, what runs there may finish within the grace. */
  async close(): Promise<void> {
    if (this.state === 'ready') {
      this.state = 'leaving';
      this.#why = 'closed';
    }
    if (this.running === 0) await this.#coolDown();
    await this.hosted.close();
    await this.ended;
  }

  setRef(on: boolean): void {
    if (on) this.hosted.ref();
    else this.hosted.unref();
  }

  async #live(): Promise<void> {
    const { kind } = await this.hosted.closed;
    this.state = 'gone';
    this.#killTimer?.cancel();
    // Where this end has closed it, somebody has done so by hand.
    this.#owner.gone(this, this.#why ?? (kind === 'closed' ? 'closed' : 'died'));
    // One that has closed its channel has to end.
    await this.hosted.close();
  }

  #over(grace: Grace): void {
    if (grace.over) return;
    grace.over = true;
    grace.timer?.cancel();
    if (grace.stuck) this.#stuck--;
    this.running--;
    this.lastUsed = this.#owner.clock.now();
    if (this.state === 'leaving') this.#endWhenFree();
    this.#askMemory();
    this.#owner.changed(this);
  }

  #giveGrace(grace: Grace): void {
    const { clock } = this.#owner;
    const { graceMs } = this.#owner.rules;
    grace.timer ??= clock.after(graceMs, () => {
      grace.stuck = true;
      this.#stuck++;
      this.leave('stuck');
      this.#why = 'stuck';
      this.#killTimer ??= clock.after(graceMs, () => void this.#home.kill());
      this.#endWhenFree();
    });
  }

  #endWhenFree(): void {
    if (this.state !== 'leaving') return;
    if (this.#why === 'died') void this.hosted.close();
    else if (this.running === 0) void this.#coolDown().then(() => this.hosted.close());
    else if (this.running <= this.#stuck) void this.#home.kill();
  }

  /** What the user wants done at its end, for no longer than the grace; it ends whatever comes of that. */
  #coolDown(): Promise<void> {
    const { clock } = this.#owner;
    const { coolDown, graceMs } = this.#owner.rules;
    if (coolDown === undefined) return Promise.resolve();
    this.#cooled ??= runTask('coolDown', coolDown, this, graceMs, clock).catch((error: unknown) => {
      this.failure = error;
    });
    return this.#cooled;
  }

  #askMemory(): void {
    const { clock, rules } = this.#owner;
    const most = rules.recycleAfter.memoryBytes;
    const now = clock.now();
    if (most === undefined || this.#asking || this.state !== 'ready' || now - this.#lastAsked < memoryEveryMs)
      return;
    this.#asking = true;
    this.#lastAsked = now;
    const { call } = this.hosted as Hosted<Record<typeof memoryMethod, () => number>>;
    void call[memoryMethod]().then(
      (bytes) => {
        this.#asking = false;
        if (bytes > most) this.leave('recycled');
      },
      () => {
        this.#asking = false;
      },
    );
  }
}

/** Of a call: whether it counts no more, and how long it may go on. */
interface Grace {
  over: boolean;
  timer: Timer | undefined;
  stuck: boolean;
}

/** Its worker was gone, or ended, before it was sent. */
function isUnsent(error: unknown): boolean {
  return (
    error instanceof KindredError &&
    error.outcome === 'not-sent' &&
    error.origin === 'local' &&
    (error.code === 'ERR_PEER_GONE' || error.code === 'ERR_CLOSED')
  );
}

/** Its worker was gone while it ran, or had not yet said that it was over. */
function isInterrupted(error: unknown): boolean {
  return (
    error instanceof KindredError &&
    error.outcome === 'unknown' &&
    error.origin === 'local' &&
    error.code === 'ERR_PEER_GONE'
  );
}
