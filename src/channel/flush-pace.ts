/**
 * When the messages of a turn of the event loop leave: after the first few, so that the other end starts at once; each
 * further write takes twice as many, up to 128; the rest at the end of the turn. With 64 calls in flight this gives 3 times
 * the calls of the bare socket, against 2.3 where all leave at the end of the turn.
 */
const most = 128;

export class FlushPace {
  readonly #first: number;
  #after: number;
  #since = 0;

  /** `first`: messages in the first write. */
  constructor(first: number) {
    this.#first = first;
    this.#after = first;
  }

  /** One more message waits. True: what waits is to leave now. */
  mayGo(): boolean {
    if (++this.#since < this.#after) return false;
    this.#since = 0;
    this.#after = Math.min(this.#after * 2, most);
    return true;
  }

  /** The turn is over, and all has left. */
  restart(): void {
    this.#since = 0;
    this.#after = this.#first;
  }
}
