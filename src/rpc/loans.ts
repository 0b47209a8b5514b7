/**
 * Functions as arguments. The owner keeps a lent function under a number; the other end gets a stand-in that calls it.
 * A loan ends with the call that made it, on both sides.
 */
import { KindredError } from '../base/errors.ts';

export type Lendable = (...args: unknown[]) => unknown;

/** The functions that this end has lent, by number. */
export class Ledger {
  /** Most peers never lend a function. */
  #lent: Map<number, Lendable> | undefined;
  #last = 0;

  get size(): number {
    return this.#lent?.size ?? 0;
  }

  lend(run: Lendable): number {
    this.#lent ??= new Map();
    this.#lent.set(++this.#last, run);
    return this.#last;
  }

  find(id: number): Lendable | undefined {
    return this.#lent?.get(id);
  }

  end(ids: readonly number[]): void {
    for (const id of ids) this.#lent?.delete(id);
  }

  clear(): void {
    this.#lent = undefined;
  }
}

/** A stand-in for a function of the other end. `over` is set when the call that lent it has ended. */
export interface Loan {
  over: boolean;
}

export function createStandIn(
  id: number,
  loan: Loan,
  call: (id: number, args: unknown[]) => Promise<unknown>,
): Lendable {
  return (...args) => {
    const reply = loan.over ? Promise.reject(released()) : call(id, args);
    // Whoever does not wait for it (a report of progress) must not be ended by the other end's leaving or throwing.
    reply.catch(() => {});
    return reply;
  };
}

function released(): KindredError {
  return new KindredError(
    'ERR_RELEASED',
    'a function argument was called after the call that lent it had ended: use it before the function returns',
    { outcome: 'not-sent' },
  );
}
