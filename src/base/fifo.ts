/**
 * First in, first out, each step in constant time.
 *
 * `Array.shift` is that for short arrays only: with 65,536 items V8 moves them all, each time, which made a burst of so
 * many calls take ten seconds.
 */
export class Fifo<T> implements Iterable<T> {
  #items: (T | undefined)[] = [];
  /** Those before it are gone. */
  #head = 0;

  get size(): number {
    return this.#items.length - this.#head;
  }

  get first(): T | undefined {
    return this.#items[this.#head];
  }

  push(item: T): void {
    this.#items.push(item);
  }

  shift(): T | undefined {
    const first = this.#items[this.#head];
    if (this.size === 0) return undefined;
    this.#items[this.#head++] = undefined;
    if (this.#head * 2 > this.#items.length) this.#tidy();
    return first;
  }

  /** Puts it in front of all others. */
  unshift(item: T): void {
    if (this.#head > 0) this.#items[--this.#head] = item;
    else this.#items.unshift(item);
  }

  /** Takes out those for which `isMeant` says true, in their order. Default: all. */
  take(isMeant: (item: T) => boolean = () => true): T[] {
    const taken: T[] = [];
    const kept: T[] = [];
    for (const item of this) (isMeant(item) ? taken : kept).push(item);
    this.#items = kept;
    this.#head = 0;
    return taken;
  }

  *[Symbol.iterator](): Generator<T, void> {
    for (let i = this.#head; i < this.#items.length; i++) yield this.#items[i] as T;
  }

  /** Gives the room of what is gone back, in steps that grow with the queue. */
  #tidy(): void {
    if (this.#head === this.#items.length) this.#items = [];
    else if (this.#head > 64) this.#items = this.#items.slice(this.#head);
    else return;
    this.#head = 0;
  }
}
