/**
 * The workers of a pool that are still to come.
 *
 * ```
 *   wanted --the last was of use--> starting --loaded, warm--> up
 *      \--pause, longer after each failure in a row--/  \--failed--> wanted, where it is still
 * ```
 */
import { backoffMs } from '../base/backoff.ts';
import type { Clock, Timer } from '../base/clock.ts';
import type { KindredError } from '../base/errors.ts';
import { type OpenedWorker, openWorker, type WorkerOptions } from './pool-open.ts';

export interface PoolStartsOwner {
  readonly clock: Clock;
  /** Takes calls from now on. */
  admit(opened: OpenedWorker): void;
  /** One that was asked for by `want` could not be started. */
  startFailed(error: KindredError): void;
}

const backoff = { firstMs: 100, maxMs: 10_000 };

export class PoolStarts {
  readonly #url: string;
  readonly #options: WorkerOptions;
  readonly #owner: PoolStartsOwner;
  readonly #closing = new AbortController();
  readonly #starting = new Set<Promise<void>>();
  #size = 0;
  /** Of those that are being started, or have not ended. */
  readonly #numbers = new Set<number>();
  /** In a row. */
  #failures = 0;
  #pause: Timer | undefined;

  constructor(url: string, options: WorkerOptions, owner: PoolStartsOwner) {
    this.#url = url;
    this.#options = options;
    this.#owner = owner;
  }

  /** How many are being started. */
  get size(): number {
    return this.#size;
  }

  /** So many are to be there at first. Throws, and gives the others up, where one cannot be started. */
  async first(count: number): Promise<void> {
    let failure: unknown;
    const starts = Array.from({ length: count }, () =>
      this.#start().catch((error: unknown) => {
        failure ??= error;
        this.#closing.abort();
      }),
    );
    await Promise.all(starts);
    if (failure !== undefined) throw failure;
  }

  /** Starts so many more, at once or after the pause. `refd`: the pause keeps the process alive. */
  want(count: number, refd: boolean): void {
    if (count <= 0 || this.#pause !== undefined || this.#closing.signal.aborted) return;
    const pauseMs = backoffMs(this.#failures, backoff);
    if (pauseMs === 0) {
      for (let i = 0; i < count; i++) this.#try();
      return;
    }
    this.#pause = this.#owner.clock.after(pauseMs, () => {
      this.#pause = undefined;
      // One more try; where it fails the pause grows.
      this.#try();
    });
    if (!refd) this.unref();
  }

  unref(): void {
    this.#pause?.unref();
  }

  /** Whether a worker was of use, or its like need a pause. */
  judge(wasOfUse: boolean): void {
    this.#failures = wasOfUse ? 0 : this.#failures + 1;
  }

  /** Its number is free again. */
  release(number: number): void {
    this.#numbers.delete(number);
  }

  /** Resolves when none is being started. */
  async close(): Promise<void> {
    this.#closing.abort();
    this.#pause?.cancel();
    this.#pause = undefined;
    while (this.#starting.size > 0) await Promise.allSettled(this.#starting);
  }

  #try(): void {
    void this.#start().catch((error: KindredError) => {
      if (this.#closing.signal.aborted) return;
      this.#failures++;
      this.#owner.startFailed(error);
    });
  }

  #start(): Promise<void> {
    const starting: Promise<void> = this.#open().finally(() => this.#starting.delete(starting));
    this.#starting.add(starting);
    return starting;
  }

  async #open(): Promise<void> {
    const { signal } = this.#closing;
    const number = this.#leastNumber();
    this.#size++;
    try {
      const opened = await openWorker(this.#url, this.#options, number, this.#owner.clock, signal);
      this.#size--;
      if (!signal.aborted) return this.#owner.admit(opened);
      await opened.hosted.close();
    } catch (error) {
      this.#size--;
      this.#numbers.delete(number);
      throw error;
    }
  }

  #leastNumber(): number {
    let number = 1;
    while (this.#numbers.has(number)) number++;
    this.#numbers.add(number);
    return number;
  }
}
