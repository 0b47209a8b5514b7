/**
 * A call, or a notification, that is held until somebody can take it: a worker of a pool is free, a connection is back.
 *
 * ```
 *   waiting --run()--> running --answer, or whoever ran it is gone--> settled
 *      |  <--waitAgain()--/
 *      \--- given up: signal, time, its own caller, its owner is closed ---/
 * ```
 * Its bounds are kept here while it waits, and by the peer while it runs.
 */
import { KindredError } from '../base/errors.ts';
import type { LoopWatch } from '../base/loop-watch.ts';
import { type JoinedOptions, misuse } from '../rpc/call-options.ts';
import type { Deadline, Deadlines } from '../rpc/deadlines.ts';
import { cancelledBy } from '../rpc/pending-call.ts';
import { Reply } from '../rpc/reply.ts';
import type { Scope } from '../rpc/scope.ts';
import { within } from './runtime.ts';

/** What a held call needs of whoever holds it. */
export interface HeldCallOwner {
  readonly deadlines: Deadlines;
  readonly watch: LoopWatch;
  /** What it has waited for in vain until its time was up. */
  late(call: HeldCall): KindredError;
  /** A call that waited was given up. */
  left(call: HeldCall): void;
}

export interface HeldCallOptions {
  readonly kind: 'call' | 'notification';
  readonly method: string;
  readonly args: readonly unknown[];
  readonly options: JoinedOptions;
  /** The call from inside of which it is made: its bounds hold here too. */
  readonly from: Scope | undefined;
  /** When its time is up, on the watch's free time. Default: as its options say, from now on. */
  readonly due?: number | undefined;
  resolve(value: unknown): void;
  reject(error: unknown): void;
}

/** Holds a call; the reply is for its caller. */
export function holdCall(
  owner: HeldCallOwner,
  since: number,
  what: Omit<HeldCallOptions, 'kind' | 'resolve' | 'reject'>,
): { call: HeldCall; reply: Reply<unknown> } {
  let settle!: Pick<HeldCallOptions, 'resolve' | 'reject'>;
  const reply = new Reply<unknown>((resolve, reject) => {
    settle = { resolve, reject };
  });
  return { call: new HeldCall(owner, since, { ...what, kind: 'call', ...settle }), reply };
}

export class HeldCall {
  readonly kind: HeldCallOptions['kind'];
  readonly method: string;
  readonly args: readonly unknown[];
  /** When it was made, on the clock of its owner. */
  readonly since: number;
  state: 'waiting' | 'running' | 'settled' = 'waiting';
  /** Nobody knows what became of it when it ran before: so it never was not sent. */
  mayHaveRun = false;
  /** How often it may have run without an answer. */
  runs = 0;
  readonly options: JoinedOptions;
  readonly #owner: HeldCallOwner;
  readonly #from: Scope | undefined;
  readonly #settle: Pick<HeldCallOptions, 'resolve' | 'reject'>;
  /** On the watch's free time. */
  #due: number | undefined;
  #deadline: Deadline | undefined;
  #ties: (() => void)[] = [];

  constructor(owner: HeldCallOwner, since: number, what: HeldCallOptions) {
    this.#owner = owner;
    this.kind = what.kind;
    this.method = what.method;
    this.args = what.args;
    this.options = what.options;
    this.since = since;
    this.#from = what.from?.over === true ? undefined : what.from;
    this.#due = what.due;
    this.#settle = what;
  }

  /** Why it cannot even wait; undefined where it can. */
  refusal(): KindredError | undefined {
    const misused = misuse(this.options, this.args);
    if (misused !== undefined) return misused;
    for (const signal of this.options.signals) if (signal.aborted) return cancelledBy(signal, this.method);
    return this.#from?.cancelled;
  }

  /** Keeps its bounds from now on, until it runs. */
  wait(): void {
    const { signals } = this.options;
    const { watch } = this.#owner;
    const scope = this.#from;
    for (const signal of signals) {
      const fired = (): void => this.#giveUp(cancelledBy(signal, this.method));
      signal.addEventListener('abort', fired, { once: true });
      this.#ties.push(() => signal.removeEventListener('abort', fired));
    }
    if (scope !== undefined) this.#ties.push(scope.onCancel((reason) => this.#giveUp(reason)));
    this.#startTime();
    const inheritedMs = scope?.remainingMs;
    const inherited = inheritedMs === undefined ? undefined : watch.freeNow() + inheritedMs;
    const due = Math.min(this.#due ?? Number.POSITIVE_INFINITY, inherited ?? Number.POSITIVE_INFINITY);
    if (due === Number.POSITIVE_INFINITY || this.state !== 'waiting') return;
    const expire = (): void => this.#giveUp(this.#owner.late(this));
    this.#deadline = { since: watch.freeNow(), due, expire };
    this.#owner.deadlines.add(this.#deadline);
  }

  /** It runs now: `work` makes the call, with what is left of its time, and no more than `atMostMs`. */
  run<T>(work: (options: JoinedOptions) => T, atMostMs: number = Number.POSITIVE_INFINITY): T {
    this.#untie();
    this.state = 'running';
    this.#startTime();
    const timeoutMs = this.#due === undefined ? atMostMs : Math.min(this.#leftMs(), atMostMs);
    const options = timeoutMs === Number.POSITIVE_INFINITY ? this.options : { ...this.options, timeoutMs };
    return within(this.#from, () => work(options));
  }

  /** It goes back: it waits on. */
  waitAgain(): void {
    this.state = 'waiting';
    const refusal = this.refusal();
    if (refusal === undefined) this.wait();
    else this.#giveUp(refusal);
  }

  succeed(value: unknown): void {
    if (this.#end()) this.#settle.resolve(value);
  }

  fail(error: unknown): void {
    if (!this.#end()) return;
    const isUntrue = this.mayHaveRun && error instanceof KindredError && error.outcome === 'not-sent';
    this.#settle.reject(isUntrue ? error.withOutcome('unknown') : error);
  }

  /** From the first time that it waits or runs; a call that runs again has no more. */
  #startTime(): void {
    const { timeoutMs } = this.options;
    if (timeoutMs !== undefined && timeoutMs > 0 && timeoutMs < Number.POSITIVE_INFINITY)
      this.#due ??= this.#owner.watch.freeNow() + timeoutMs;
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

  #end(): boolean {
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
