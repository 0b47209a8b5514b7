/**
 * Tries for a connection, again and again.
 *
 * ```
 *   resting --start()--> pausing --a random part of the bound--> trying --it answers--> resting
 *                           ^----------- not there, or not yet ----/  \--never will be--> resting
 * ```
 * The bound doubles with each failure in a row. Many clients of one server so do not come back at once.
 */
import { backoffMs } from '../base/backoff.ts';
import type { Clock, Timer } from '../base/clock.ts';
import { KindredError } from '../base/errors.ts';

export interface RedialOptions<Connection> {
  clock: Clock;
  random: () => number;
  firstMs: number;
  maxMs: number;
  /** How long one try may take, in milliseconds. */
  tryMs: number;
  /** Opens one, and knows that somebody answers there. */
  open(signal: AbortSignal): Promise<Connection>;
  opened(connection: Connection): void;
  /** It will be tried again in so many milliseconds. */
  failed(error: KindredError, waitMs: number): void;
  /** Trying again would not help. */
  refused(error: KindredError): void;
}

export class Redial<Connection> {
  /** Failures in a row. Whoever knows that a connection was of no use counts it here. */
  failures = 0;
  /** Since the start. */
  tries = 0;
  /** What the last try has failed of. */
  lastError: KindredError | undefined;
  readonly #options: RedialOptions<Connection>;
  #timer: Timer | undefined;
  /** When the pause is over, on the clock. */
  #until = 0;
  #trying: { controller: AbortController; done: Promise<void> } | undefined;
  #refd = true;

  constructor(options: RedialOptions<Connection>) {
    this.#options = options;
  }

  start(): void {
    if (this.#timer !== undefined || this.#trying !== undefined) return;
    const { clock, random, firstMs, maxMs } = this.#options;
    this.tries = 0;
    this.#pause(clock.now() + random() * backoffMs(this.failures + 1, { firstMs, maxMs }));
  }

  /** Tries no more; resolves when nothing of a try is left. */
  async stop(): Promise<void> {
    this.#timer?.cancel();
    this.#timer = undefined;
    this.#trying?.controller.abort();
    await this.#trying?.done;
  }

  /** Whether a pause keeps the process alive. */
  setRef(on: boolean): void {
    this.#refd = on;
    if (this.#timer === undefined) return;
    this.#timer.cancel();
    this.#pause(this.#until);
  }

  #pause(until: number): void {
    const { clock } = this.#options;
    this.#until = until;
    this.#timer = clock.after(Math.max(0, until - clock.now()), () => {
      this.#timer = undefined;
      const controller = new AbortController();
      this.#trying = { controller, done: this.#try(controller) };
    });
    if (!this.#refd) this.#timer.unref();
  }

  async #try(controller: AbortController): Promise<void> {
    const { clock, tryMs, open, opened } = this.#options;
    this.tries++;
    let isLate = false;
    const timer = clock.after(tryMs, () => {
      isLate = true;
      controller.abort();
    });
    if (!this.#refd) timer.unref();
    try {
      const connection = await open(controller.signal);
      this.#trying = undefined;
      opened(connection);
    } catch (thrown) {
      this.#trying = undefined;
      if (isLate || !controller.signal.aborted) this.#failed(thrown, isLate);
    } finally {
      timer.cancel();
    }
  }

  #failed(thrown: unknown, isLate: boolean): void {
    const { clock, random, firstMs, maxMs, failed, refused } = this.#options;
    const error = isLate ? this.#tooLate() : errorOf(thrown);
    this.lastError = error;
    if (!error.retryable) return refused(error);
    const waitMs = random() * backoffMs(++this.failures + 1, { firstMs, maxMs });
    failed(error, waitMs);
    this.#pause(clock.now() + waitMs);
  }

  #tooLate(): KindredError {
    return new KindredError('ERR_TIMEOUT', `nobody answered within ${this.#options.tryMs} ms`);
  }
}

function errorOf(thrown: unknown): KindredError {
  if (thrown instanceof KindredError) return thrown;
  const told = thrown instanceof Error ? thrown.message : String(thrown);
  return new KindredError('ERR_INTERNAL', told, { cause: thrown, retryable: true });
}
