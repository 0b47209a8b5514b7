/**
 * One call of a pool: waits for a worker, runs there, settles once.
 *
 * ```
 *   waiting --a worker is free--> running --answer, or the worker is gone--> settled
 *      |  <--it was never sent-----/
 *      \------ given up: signal, time, its own caller, the pool is closed ------/
 * ```
 * Its bounds are kept here while it waits, and by the peer while it runs.
 */
import { AsyncLocalStorage } from 'node:async_hooks';
import { KindredError } from '../base/errors.ts';
import type { LoopWatch } from '../base/loop-watch.ts';
import { type JoinedOptions, misuse } from '../rpc/call-options.ts';
import type { Deadline, Deadlines } from '../rpc/deadlines.ts';
import { cancelledBy } from '../rpc/pending-call.ts';
import { Reply } from '../rpc/reply.ts';
import type { Scope } from '../rpc/scope.ts';

/** What a call needs of its pool while it waits. */
export interface PoolCallOwner {
  readonly deadlines: Deadlines;
  readonly watch: LoopWatch;
  /** A call that waited was given up. */
  left(call: PoolCall): void;
}

export class PoolCall {
  readonly method: string;
  readonly args: readonly unknown[];
  readonly reply: Reply<unknown>;
  /** When it was made, on the clock of the pool. */
  readonly since: number;
  state: 'waiting' | 'running' | 'settled' = 'waiting';
  readonly #owner: PoolCallOwner;
  readonly #options: JoinedOptions;
  /** The call from inside of which it is made: its bounds hold here too. */
  readonly #from: Scope | undefined;
  /** What runs it later does so in the context in which it was made. */
  readonly #inContext: <T>(work: () => T) => T;
  /** On the watch's free time. */
  #due: number | undefined;
  #deadline: Deadline | undefined;
  #ties: (() => void)[] = [];
  #resolve!: (value: unknown) => void;
  #reject!: (error: unknown) => void;

  constructor(
    owner: PoolCallOwner,
    method: string,
    args: readonly unknown[],
    options: JoinedOptions,
    since: number,
    from: Scope | undefined,
  ) {
    this.#owner = owner;
    this.method = method;
    this.args = args;
    this.#options = options;
    this.since = since;
    this.#from = from?.over === true ? undefined : from;
    this.#inContext = AsyncLocalStorage.snapshot();
    this.reply = new Reply<unknown>((resolve, reject) => {
      this.#resolve = resolve;
      this.#reject = reject;
    });
  }

  /** Why it cannot even wait; undefined where it can. */
  refusal(): KindredError | undefined {
    const misused = misuse(this.#options, this.args);
    if (misused !== undefined) return misused;
    for (const signal of this.#options.signals) if (signal.aborted) return cancelledBy(signal, this.method);
    return this.#from?.cancelled;
  }

  /** Keeps its bounds from now on, until it runs. */
  wait(): void {
    const { signals, timeoutMs } = this.#options;
    const { watch } = this.#owner;
    const scope = this.#from;
    for (const signal of signals) {
      const fired = (): void => this.#giveUp(cancelledBy(signal, this.method));
      signal.addEventListener('abort', fired, { once: true });
      this.#ties.push(() => signal.removeEventListener('abort', fired));
    }
    if (scope !== undefined) this.#ties.push(scope.onCancel((reason) => this.#giveUp(reason)));
    if (timeoutMs !== undefined && timeoutMs > 0 && timeoutMs < Number.POSITIVE_INFINITY)
      this.#due ??= watch.freeNow() + timeoutMs;
    const inheritedMs = scope?.remainingMs;
    const inherited = inheritedMs === undefined ? undefined : watch.freeNow() + inheritedMs;
    const due = Math.min(this.#due ?? Number.POSITIVE_INFINITY, inherited ?? Number.POSITIVE_INFINITY);
    if (due === Number.POSITIVE_INFINITY || this.state !== 'waiting') return;
    const expire = (): void =>
      this.#giveUp(new KindredError('ERR_TIMEOUT', `${this.method}: no worker was free in time`));
    this.#deadline = { since: watch.freeNow(), due, expire };
    this.#owner.deadlines.add(this.#deadline);
  }

  /** It runs now: `work` makes the call, with what is left of its time. */
  run<T>(work: (options: JoinedOptions) => T): T {
    this.#untie();
    this.state = 'running';
    const options = this.#due === undefined ? this.#options : { ...this.#options, timeoutMs: this.#leftMs() };
    return this.#inContext(() => work(options));
  }

  /** It was never sent: it waits on. */
  waitAgain(): void {
    this.state = 'waiting';
    const refusal = this.refusal();
    if (refusal === undefined) this.wait();
    else this.#giveUp(refusal);
  }

  succeed(value: unknown): void {
    if (this.#settle()) this.#resolve(value);
  }

  fail(error: unknown): void {
    if (this.#settle()) this.#reject(error);
  }

  /** Where a moment has passed since its time was up, the peer says so. */
  #leftMs(): number {
    return Math.max(0.001, (this.#due as number) - this.#owner.watch.freeNow());
  }

  #giveUp(error: KindredError): void {
    if (this.state !== 'waiting') return;
    this.fail(error.withOutcome('not-sent'));
    this.#owner.left(this);
  }

  #settle(): boolean {
    if (this.state === 'settled') return false;
    this.state = 'settled';
    this.#untie();
    return true;
  }

  #untie(): void {
    for (const untie of this.#ties.splice(0)) untie();
    if (this.#deadline !== undefined) this.#owner.deadlines.remove(this.#deadline);
    this.#deadline = undefined;
  }
}
