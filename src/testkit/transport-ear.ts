/** Receivers that keep what they hear, and let a test wait for it. */
import type { ByteReceiver, ValueReceiver } from '../channel/transport.ts';

/** Generous: it only ends a test that hangs. */
const deadlineMs = 10_000;

export interface ByteEar extends ByteReceiver {
  readonly bytes: Buffer;
  readonly size: number;
  /** `data`, `end`, `drain`, `close` in the order heard; runs of `data` once. */
  readonly heard: string[];
  readonly error: Error | undefined;
  /** Rejects after ten seconds, naming what was awaited. */
  until(what: string, condition: () => boolean): Promise<void>;
}

export function createByteEar(): ByteEar {
  const chunks: Buffer[] = [];
  const heard: string[] = [];
  let size = 0;
  let error: Error | undefined;
  const waiters = new Waiters();
  function hear(event: string): void {
    if (event !== 'data' || heard.at(-1) !== 'data') heard.push(event);
    waiters.look();
  }
  return {
    heard,
    get bytes() {
      return Buffer.concat(chunks);
    },
    get size() {
      return size;
    },
    get error() {
      return error;
    },
    data(chunk) {
      chunks.push(Buffer.from(chunk));
      size += chunk.length;
      hear('data');
    },
    end: () => hear('end'),
    drain: () => hear('drain'),
    close(reason) {
      error = reason;
      hear('close');
    },
    until: (what, condition) => waiters.until(what, condition, () => `${heard.join(' ')}, ${size} bytes`),
  };
}

export interface ValueEar extends ValueReceiver {
  readonly values: unknown[];
  /** `value`, `drain`, `close` in the order heard. */
  readonly heard: string[];
  readonly error: Error | undefined;
  /** Rejects after ten seconds, naming what was awaited. */
  until(what: string, condition: () => boolean): Promise<void>;
}

export function createValueEar(): ValueEar {
  const values: unknown[] = [];
  const heard: string[] = [];
  let error: Error | undefined;
  const waiters = new Waiters();
  function hear(event: string): void {
    heard.push(event);
    waiters.look();
  }
  return {
    values,
    heard,
    get error() {
      return error;
    },
    value(value) {
      values.push(value);
      hear('value');
    },
    drain: () => hear('drain'),
    close(reason) {
      error = reason;
      hear('close');
    },
    until: (what, condition) =>
      waiters.until(what, condition, () => `${heard.slice(-10).join(' ')}, ${values.length} values`),
  };
}

/** Conditions that are looked at again at each event. */
class Waiters {
  readonly #waiting = new Set<() => void>();

  look(): void {
    for (const waiter of this.#waiting) waiter();
  }

  until(what: string, condition: () => boolean, heard: () => string): Promise<void> {
    return new Promise((resolve, reject) => {
      const late = (): void => {
        this.#waiting.delete(waiter);
        reject(new Error(`not within ${deadlineMs / 1000} s: ${what}; heard ${heard()}`));
      };
      const deadline = setTimeout(late, deadlineMs);
      const waiter = (): void => {
        if (!condition()) return;
        clearTimeout(deadline);
        this.#waiting.delete(waiter);
        resolve();
      };
      this.#waiting.add(waiter);
      waiter();
    });
  }
}
