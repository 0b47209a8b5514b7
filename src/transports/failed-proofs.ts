/**
 * How often proofs of a secret have failed, by the place from which they came.
 *
 * ```
 *   free --a proof fails--> counted --max within everyMs--> shut --everyMs since the last failure--> free
 * ```
 * What succeeds takes nothing back: one good secret is no licence to try others out.
 */
import { type Clock, systemClock } from '../base/clock.ts';

export interface FailedProofsOptions {
  /** Of one place within `everyMs`; then it is shut. */
  max: number;
  /** Default a minute. */
  everyMs?: number | undefined;
  clock?: Clock | undefined;
  /** Places that are remembered; beyond, the one that failed least recently is forgotten. Default 4096. */
  maxPlaces?: number | undefined;
}

export class FailedProofs {
  readonly #max: number;
  readonly #everyMs: number;
  readonly #clock: Clock;
  readonly #maxPlaces: number;
  /** The one that failed least recently first. */
  readonly #places = new Map<string, { count: number; since: number; last: number }>();

  constructor({ max, everyMs = 60_000, clock = systemClock, maxPlaces = 4096 }: FailedProofsOptions) {
    this.#max = max;
    this.#everyMs = everyMs;
    this.#clock = clock;
    this.#maxPlaces = maxPlaces;
  }

  add(place: string): void {
    const now = this.#clock.now();
    const known = this.#places.get(place);
    this.#places.delete(place);
    const isOver = known === undefined || this.#isOver(known, now);
    this.#places.set(
      place,
      isOver ? { count: 1, since: now, last: now } : { ...known, count: known.count + 1, last: now },
    );
    if (this.#places.size > this.#maxPlaces)
      for (const oldest of this.#places.keys()) {
        this.#places.delete(oldest);
        break;
      }
  }

  isShut(place: string): boolean {
    const known = this.#places.get(place);
    if (known === undefined || known.count < this.#max) return false;
    if (!this.#isOver(known, this.#clock.now())) return true;
    this.#places.delete(place);
    return false;
  }

  /** Of one that is shut, the time runs from its last failure; else from its first. */
  #isOver({ count, since, last }: { count: number; since: number; last: number }, now: number): boolean {
    return now - (count < this.#max ? since : last) >= this.#everyMs;
  }
}
