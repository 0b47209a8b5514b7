/** The calls and notifications that wait for a connection, in the order in which they were made. */
import type { Clock } from '../base/clock.ts';
import type { KindredError } from '../base/errors.ts';
import type { LoopWatch } from '../base/loop-watch.ts';
import { createDeadlines, type Deadlines } from '../rpc/deadlines.ts';
import type { Undone } from '../rpc/successor.ts';
import { Condition } from './condition.ts';
import { HeldCall, type HeldCallOwner } from './held-call.ts';

interface Place {
  readonly call: HeldCall;
  readonly order: number;
}

export class WaitingLine implements HeldCallOwner {
  readonly deadlines: Deadlines;
  readonly watch: LoopWatch;
  readonly late: (call: HeldCall) => KindredError;
  readonly #clock: Clock;
  #places: Place[] = [];
  /** Of those: given up, and not taken out yet. */
  #stale = 0;
  readonly #empty: Condition = new Condition(() => this.size === 0);

  /** `late`: what is told to one whose time is up. */
  constructor(clock: Clock, watch: LoopWatch, late: (call: HeldCall) => KindredError) {
    this.#clock = clock;
    this.watch = watch;
    this.late = late;
    this.deadlines = createDeadlines(watch, clock);
  }

  get size(): number {
    return this.#places.length - this.#stale;
  }

  /** Resolves when nobody is in the line, at once where nobody is. */
  empty(): Promise<void> {
    return this.#empty.wait();
  }

  /** From a connection that has left it undone. */
  add(undone: Undone): void {
    const { held, order, mayHaveRun } = undone;
    const call = held instanceof HeldCall ? held : new HeldCall(this, this.#clock.now(), undone);
    call.mayHaveRun ||= mayHaveRun;
    this.#places.push({ call, order });
    call.waitAgain();
  }

  /** All leave it, one after the other. */
  leave(each: (call: HeldCall) => void): void {
    // What a connection leaves undone comes in no order.
    const places = this.#places.sort((a, b) => a.order - b.order);
    this.#places = [];
    this.#stale = 0;
    for (const { call } of places) if (call.state === 'waiting') each(call);
    this.#empty.look();
  }

  /** A call was given up. */
  left(): void {
    this.#stale++;
    if (this.#stale * 2 > this.#places.length) {
      this.#places = this.#places.filter(({ call }) => call.state === 'waiting');
      this.#stale = 0;
    }
    this.#empty.look();
  }

  /** Nobody waits any more, for good. */
  close(error: KindredError): void {
    this.leave((call) => call.fail(error.withOutcome('not-sent')));
    this.deadlines.clear();
  }
}
