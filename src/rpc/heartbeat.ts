/**
 * Finds out that the other end has vanished without a word: a network that drops everything, a machine without power.
 *
 * One timer for as long as the connection is open, whether or not an answer is awaited: who waits to be called has to know
 * it, too. An end that was not heard for a whole interval is pinged; after so many pings without an answer it is gone.
 * Before each look a turn of the event loop passes, so that what arrived while this loop was blocked is read first. Where
 * the system can tell that the pings do arrive, the other end is blocked, and gets more time.
 */
import type { Clock, Timer } from '../base/clock.ts';

export interface HeartbeatOptions {
  clock: Clock;
  intervalMs: number;
  /** Pings in a row without an answer, after which it is gone. */
  mostUnanswered: number;
  /** Whether the other end is known to answer pings. */
  answersPings(): boolean;
  /** Messages heard so far. */
  heard(): number;
  /** The machine of the other end has confirmed what was sent, though nothing is answered: that end is blocked. */
  isReached(): boolean;
  ping(): void;
  vanished(silentMs: number): void;
}

/** So many times as many pings are sent to an end that is blocked, until it is taken for gone. */
const patience = 4;

export class Heartbeat {
  readonly #options: HeartbeatOptions;
  #timer: Timer | undefined;
  #heard = 0;
  #unanswered = 0;
  #runs = false;

  constructor(options: HeartbeatOptions) {
    this.#options = options;
  }

  start(): void {
    const { heard } = this.#options;
    if (this.#runs) return;
    this.#runs = true;
    this.#heard = heard();
    this.#unanswered = 0;
    this.#arm();
  }

  stop(): void {
    this.#runs = false;
    this.#timer?.cancel();
    this.#timer = undefined;
  }

  #arm(): void {
    if (!this.#runs) return;
    const { clock, intervalMs } = this.#options;
    this.#timer = clock.after(intervalMs, () => {
      this.#timer = clock.after(0, () => this.#look());
    });
    // The open channel keeps the process alive, where it should.
    this.#timer.unref();
  }

  get #isGone(): boolean {
    const { mostUnanswered, isReached } = this.#options;
    if (this.#unanswered < mostUnanswered) return false;
    return this.#unanswered >= mostUnanswered * patience || !isReached();
  }

  #look(): void {
    const { intervalMs, answersPings, heard, ping, vanished } = this.#options;
    this.#timer = undefined;
    if (!answersPings() || heard() !== this.#heard) this.#unanswered = 0;
    else if (this.#isGone) {
      vanished(intervalMs * (this.#unanswered + 1));
      // Where the channel goes on over another connection, that one is watched in its turn.
      this.#unanswered = 0;
    } else {
      this.#unanswered++;
      ping();
    }
    this.#heard = heard();
    this.#arm();
  }
}
