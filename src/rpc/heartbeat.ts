/**
 * Finds out that the other end has vanished without a word: a network that drops everything.
 *
 * One timer, and only while an answer is awaited. An end that was not heard for a whole interval is pinged; two such
 * pings, and it is gone. Before each look a turn of the event loop passes, so that what arrived while this loop was
 * blocked is read first.
 */
import type { Clock, Timer } from '../base/clock.ts';

export interface HeartbeatOptions {
  clock: Clock;
  intervalMs: number;
  /** Whether an answer is awaited. */
  awaits(): boolean;
  /** Whether the other end is known to answer pings. */
  answersPings(): boolean;
  /** Messages heard so far. */
  heard(): number;
  ping(): void;
  vanished(silentMs: number): void;
}

const mostUnanswered = 2;

export class Heartbeat {
  readonly #options: HeartbeatOptions;
  #timer: Timer | undefined;
  #heard = 0;
  #unanswered = 0;

  constructor(options: HeartbeatOptions) {
    this.#options = options;
  }

  /** An answer is awaited from now on. */
  start(): void {
    const { heard } = this.#options;
    if (this.#timer !== undefined) return;
    this.#heard = heard();
    this.#unanswered = 0;
    this.#arm();
  }

  stop(): void {
    this.#timer?.cancel();
    this.#timer = undefined;
  }

  #arm(): void {
    const { clock, intervalMs } = this.#options;
    this.#timer = clock.after(intervalMs, () => {
      this.#timer = clock.after(0, () => this.#look());
    });
    // The open channel keeps the process alive, where it should.
    this.#timer.unref();
  }

  #look(): void {
    const { intervalMs, awaits, answersPings, heard, ping, vanished } = this.#options;
    this.#timer = undefined;
    if (!awaits()) return;
    if (!answersPings() || heard() !== this.#heard) this.#unanswered = 0;
    else if (this.#unanswered === mostUnanswered) {
      vanished(intervalMs * (mostUnanswered + 1));
      return;
    } else {
      this.#unanswered++;
      ping();
    }
    this.#heard = heard();
    this.#arm();
  }
}
