/**
 * Functions as arguments. The owner keeps a lent function under a number; the other end gets a stand-in that calls it.
 * A loan ends with the call that made it, on both sides.
 */
import { KindredError } from '../base/errors.ts';

export type Lendable = (...args: unknown[]) => unknown;

/** The functions that this end has lent, by number. */
export interface Ledger {
  readonly size: number;
  lend(run: Lendable): number;
  find(id: number): Lendable | undefined;
  end(ids: readonly number[]): void;
  clear(): void;
}

export function createLedger(): Ledger {
  // Most peers never lend a function.
  let lent: Map<number, Lendable> | undefined;
  let last = 0;
  return {
    get size() {
      return lent?.size ?? 0;
    },
    lend(run) {
      lent ??= new Map();
      lent.set(++last, run);
      return last;
    },
    find: (id) => lent?.get(id),
    end(ids) {
      for (const id of ids) lent?.delete(id);
    },
    clear() {
      lent = undefined;
    },
  };
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
    if (loan.over)
      return Promise.reject(
        new KindredError(
          'ERR_RELEASED',
          'a function argument was called after the call that lent it had ended: use it before the function returns',
          {
            outcome: 'not-sent',
          },
        ),
      );
    return call(id, args);
  };
}
