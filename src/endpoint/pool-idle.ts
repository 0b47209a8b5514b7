/** Ends the workers of a pool that have had nothing to do for long, down to the least number. */
import type { Clock, Timer } from '../base/clock.ts';
import type { PoolWorker } from './pool-worker.ts';

export class PoolIdle {
  readonly #idleMs: number;
  readonly #clock: Clock;
  /** Those that may end as far as the least number goes. */
  readonly #spare: () => number;
  readonly #workers: ReadonlySet<PoolWorker>;
  #timer: Timer | undefined;

  constructor(idleMs: number, workers: ReadonlySet<PoolWorker>, spare: () => number, clock: Clock) {
    this.#idleMs = idleMs;
    this.#workers = workers;
    this.#spare = spare;
    this.#clock = clock;
  }

  /** One may have come to be idle. The timer keeps nothing alive. */
  look(): void {
    if (this.#timer !== undefined || this.#idleMs === Number.POSITIVE_INFINITY || this.#spare() <= 0) return;
    const idle = this.#idle();
    if (idle.length === 0) return;
    const next = Math.min(...idle.map(({ lastUsed }) => lastUsed)) + this.#idleMs;
    this.#timer = this.#clock.after(Math.max(1, next - this.#clock.now()), () => {
      this.#timer = undefined;
      this.#end();
      this.look();
    });
    this.#timer.unref();
  }

  stop(): void {
    this.#timer?.cancel();
  }

  #end(): void {
    const since = this.#clock.now() - this.#idleMs;
    for (const worker of this.#idle())
      if (worker.lastUsed <= since && this.#spare() > 0) worker.leave('idle');
  }

  #idle(): PoolWorker[] {
    return [...this.#workers].filter(({ running, state }) => running === 0 && state === 'ready');
  }
}
