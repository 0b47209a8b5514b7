/**
 * The one queue between a side that pushes and a side that takes at its own pace.
 *
 * It does not bound itself: whoever pushes obeys a bound of his own (credit, a paused transport), and `onTaken` tells
 * him when there is room again. After `end` what was pushed is still taken, then comes the end or the error.
 */
export interface Mailbox<T> {
  readonly size: number;
  push(value: T): void;
  /** No more will come. With an error: whoever takes gets it after the last value, once; then the end. */
  end(failure?: { error: unknown }): void;
  /** Drops what waits and ends. */
  clear(): void;
  /** The next value, as soon as there is one. Several takers are served in turn. */
  take(): Promise<IteratorResult<T, undefined>>;
}

export function createMailbox<T>(onTaken?: (value: T) => void): Mailbox<T> {
  let values: T[] = [];
  let head = 0;
  let ended = false;
  let failure: { error: unknown } | undefined;
  const takers: {
    resolve: (result: IteratorResult<T, undefined>) => void;
    reject: (error: unknown) => void;
  }[] = [];

  return {
    get size() {
      return values.length - head;
    },
    push(value) {
      if (ended) return;
      const taker = takers.shift();
      if (taker === undefined) {
        values.push(value);
        return;
      }
      taker.resolve({ done: false, value });
      onTaken?.(value);
    },
    end(reason) {
      if (ended) return;
      ended = true;
      failure = reason;
      for (const taker of takers.splice(0)) {
        if (failure === undefined) taker.resolve({ done: true, value: undefined });
        else {
          const { error } = failure;
          failure = undefined;
          taker.reject(error);
        }
      }
    },
    clear() {
      values = [];
      head = 0;
      failure = undefined;
      this.end();
    },
    take() {
      if (head < values.length) {
        const value = values[head] as T;
        values[head++] = undefined as T;
        if (head === values.length) {
          values = [];
          head = 0;
        } else if (head > 1024 && head * 2 > values.length) {
          values = values.slice(head);
          head = 0;
        }
        onTaken?.(value);
        return Promise.resolve({ done: false, value });
      }
      if (failure !== undefined) {
        const { error } = failure;
        failure = undefined;
        return Promise.reject(error);
      }
      if (ended) return Promise.resolve({ done: true, value: undefined });
      return new Promise((resolve, reject) => takers.push({ resolve, reject }));
    },
  };
}
