import { Fifo } from './fifo.ts';

/**
 * The one queue between a side that pushes and a side that takes at its own pace.
 *
 * It does not bound itself: whoever pushes obeys a bound of his own (credit, a paused transport), and `onTaken` tells
 * him when there is room again, with what he has noted of the value (its size, say). After `end` what was pushed is still taken, then comes the end or the error.
 */
export interface Mailbox<T, Note> {
  readonly size: number;
  push(value: T, note: Note): void;
  /** No more will come. With an error: whoever takes gets it after the last value, once; then the end. */
  end(failure?: { error: unknown }): void;
  /** Drops what waits and ends. */
  clear(): void;
  /** The next value, as soon as there is one. Several takers are served in turn. */
  take(): Promise<IteratorResult<T, undefined>>;
}

export function createMailbox<T, Note>(onTaken: (note: Note) => void): Mailbox<T, Note> {
  const values = new Fifo<T>();
  const notes = new Fifo<Note>();
  let ended = false;
  let failure: { error: unknown } | undefined;
  const takers = new Fifo<{
    resolve: (result: IteratorResult<T, undefined>) => void;
    reject: (error: unknown) => void;
  }>();

  return {
    get size() {
      return values.size;
    },
    push(value, note) {
      if (ended) return;
      const taker = takers.shift();
      if (taker === undefined) {
        values.push(value);
        notes.push(note);
        return;
      }
      taker.resolve({ done: false, value });
      onTaken(note);
    },
    end(reason) {
      if (ended) return;
      ended = true;
      failure = reason;
      for (const taker of takers.take()) {
        if (failure === undefined) taker.resolve({ done: true, value: undefined });
        else {
          const { error } = failure;
          failure = undefined;
          taker.reject(error);
        }
      }
    },
    clear() {
      values.take();
      notes.take();
      failure = undefined;
      this.end();
    },
    take() {
      if (values.size > 0) {
        const value = values.shift() as T;
        onTaken(notes.shift() as Note);
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
