/**
 * The objects of one message that is being written, by number in the order of their first appearance.
 *
 * Most messages hold a handful, among which a look at each is faster than a `Map` (measured: 2 to 20 ns against 50).
 */

const fewObjects = 48;

export class SeenObjects {
  readonly #few: (object | undefined)[] = new Array(fewObjects).fill(undefined);
  #many: Map<object, number> | undefined;
  #count = 0;

  /** The object's number; -1 where it is new, and then it has got the next one. */
  numberOf(value: object): number {
    const count = this.#count;
    if (this.#many === undefined) {
      const few = this.#few;
      for (let i = 0; i < count; i++) if (few[i] === value) return i;
      if (count < fewObjects) {
        few[count] = value;
        this.#count = count + 1;
        return -1;
      }
      this.#many = new Map();
      for (let i = 0; i < count; i++) this.#many.set(few[i] as object, i);
    }
    const number = this.#many.get(value);
    if (number !== undefined) return number;
    this.#many.set(value, count);
    this.#count = count + 1;
    return -1;
  }

  clear(): void {
    const used = Math.min(this.#count, fewObjects);
    for (let i = 0; i < used; i++) this.#few[i] = undefined;
    this.#many = undefined;
    this.#count = 0;
  }
}
