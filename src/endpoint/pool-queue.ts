/** The calls of a pool that wait for a worker, first in, first out. One that is given up leaves at once, for whoever counts. */
import { Fifo } from '../base/fifo.ts';
import type { HeldCall } from './held-call.ts';

export class PoolQueue {
  readonly #calls = new Fifo<HeldCall>();
  /** Given up, and not taken out yet. */
  #stale = 0;

  /** How many wait. */
  get size(): number {
    return this.#calls.size - this.#stale;
  }

  push(call: HeldCall): void {
    this.#calls.push(call);
  }

  /** In front of all others: it had its turn. */
  putBack(call: HeldCall): void {
    this.#calls.unshift(call);
  }

  /** The first that still waits. */
  shift(): HeldCall | undefined {
    for (let call = this.#calls.shift(); call !== undefined; call = this.#calls.shift()) {
      if (call.state === 'waiting') return call;
      this.#stale--;
    }
    return undefined;
  }

  /** One of them was given up. Taken out together, so that each costs the same however many wait. */
  left(): void {
    this.#stale++;
    if (this.#stale * 2 <= this.#calls.size) return;
    this.#calls.take((call) => call.state !== 'waiting');
    this.#stale = 0;
  }

  takeAll(): HeldCall[] {
    this.#stale = 0;
    return this.#calls.take();
  }
}
