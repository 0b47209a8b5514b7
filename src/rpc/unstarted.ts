/**
 * How many notifications are under way to another Kindred that it is not known to have started. They are started in their
 * order, so to be told of one now and then is enough.
 */
export class Unstarted {
  #lastSent = 0;
  #lastStarted = 0;
  /** The one of which the other end is to say that it has started it; 0: none. */
  #asked = 0;

  get count(): number {
    return this.#lastSent - this.#lastStarted;
  }

  /** Where nobody was asked, nobody will tell that there is room. */
  isFull(most: number): boolean {
    return this.count >= most && this.#asked !== 0;
  }

  /** Whether the next is one to be told of. */
  isToAsk(most: number): boolean {
    return this.#asked === 0 && this.count * 2 >= most;
  }

  onSent(id: number, isAsked: boolean): void {
    this.#lastSent = id;
    if (isAsked && this.#asked === 0) this.#asked = id;
  }

  /** It was taken back: nobody will tell of it. */
  forget(id: number): void {
    if (id === this.#asked) this.#asked = 0;
  }

  onStarted(id: number): void {
    this.#lastStarted = Math.max(this.#lastStarted, id);
    if (id >= this.#asked) this.#asked = 0;
  }
}
