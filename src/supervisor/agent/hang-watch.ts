/**
 * Whether an event loop turns, told by a count that grows while it does.
 *
 * ```
 *   turning --no beat for hangMs--> hung --a beat--> turning
 * ```
 * Only time counts in which whoever looks has run, too: while the whole process is stopped, nothing hangs.
 */
export class HangWatch {
  readonly #hangMs: number;
  readonly #lookEveryMs: number;
  #beats: number | undefined;
  #lookedAt: number | undefined;
  #blockedMs = 0;
  #isHung = false;

  /** `hangMs` 0: it never hangs. */
  constructor(hangMs: number, lookEveryMs: number) {
    this.#hangMs = hangMs;
    this.#lookEveryMs = lookEveryMs;
  }

  /** Since it was last seen to turn, in milliseconds. */
  get blockedMs(): number {
    return Math.round(this.#blockedMs);
  }

  get isHung(): boolean {
    return this.#isHung;
  }

  /** To be called every `lookEveryMs`. What is new; `blockedMs` is how long it was blocked by now. */
  look(now: number, beats: number): { change: 'hung' | 'turns' | undefined; blockedMs: number } {
    this.#blockedMs += Math.min(now - (this.#lookedAt ?? now), 2 * this.#lookEveryMs);
    this.#lookedAt = now;
    const blockedMs = this.blockedMs;
    if (beats !== this.#beats) {
      const change = this.#isHung ? 'turns' : undefined;
      this.#beats = beats;
      this.#isHung = false;
      this.#blockedMs = 0;
      return { change, blockedMs };
    }
    if (this.#isHung || this.#hangMs === 0 || blockedMs < this.#hangMs)
      return { change: undefined, blockedMs };
    this.#isHung = true;
    return { change: 'hung', blockedMs };
  }
}
