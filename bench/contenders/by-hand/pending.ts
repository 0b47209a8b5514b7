/** Requests that wait for their answer, by id: a `Map`, as anybody would write it, and no checks of any kind. */
import type { Payload } from '../../payload.ts';

export interface Pending {
  /** Sends the value and resolves with the answer that has its id. */
  ask<T extends Payload>(value: T, send: () => void): Promise<T>;
  answer(value: Payload): void;
}

export function createPending(): Pending {
  const waiting = new Map<number, (value: never) => void>();
  return {
    ask: (value, send) =>
      new Promise((resolve) => {
        waiting.set(value.id, resolve);
        send();
      }),
    answer(value) {
      waiting.get(value.id)?.(value as never);
      waiting.delete(value.id);
    },
  };
}

/** In the one-way case the id 0 asks how many notes have arrived; the answer has the number in place of a text. */
export interface Total {
  id: 0;
  total: number;
}
