/**
 * Calls, and what else has an id, by it. Ids of a Kindred are integers that count upwards, and few are open at a time: most find a place of their
 * own in an array, by their low bits. What does not (another id has the place, or it is no such number) goes to a Map.
 * A Map alone allocates some 150 bytes a call, because its entries are never reused, and as many while it is empty.
 */
import type { CallId } from '../wire/message.ts';

const firstSlots = 16;
const mostSlots = 2048;
/** Of all tables that are empty yet. */
const noSlots: never[] = [];

export class CallTable<T extends { readonly id: CallId }> {
  #slots: (T | undefined)[] = noSlots;
  #others: Map<CallId, T> | undefined;
  #size = 0;

  get size(): number {
    return this.#size;
  }

  get(id: CallId): T | undefined {
    const found = typeof id === 'number' ? this.#slots[id & (this.#slots.length - 1)] : undefined;
    return found !== undefined && found.id === id ? found : this.#others?.get(id);
  }

  /** The id must not be in the table. */
  add(item: T): void {
    const { id } = item;
    this.#size++;
    if (typeof id !== 'number' || !this.#place(id, item)) {
      this.#others ??= new Map();
      this.#others.set(id, item);
    }
  }

  delete(id: CallId): boolean {
    const slot = typeof id === 'number' ? id & (this.#slots.length - 1) : -1;
    if (slot >= 0 && this.#slots[slot]?.id === id) this.#slots[slot] = undefined;
    else if (this.#others?.delete(id) !== true) return false;
    this.#size--;
    return true;
  }

  values(): T[] {
    return [...this.#slots.filter((item) => item !== undefined), ...(this.#others?.values() ?? [])];
  }

  #place(id: number, item: T): boolean {
    if (!Number.isInteger(id)) return false;
    for (;;) {
      const slot = id & (this.#slots.length - 1);
      if (this.#slots.length > 0 && this.#slots[slot] === undefined) {
        this.#slots[slot] = item;
        return true;
      }
      if (this.#slots.length >= mostSlots) return false;
      this.#grow();
    }
  }

  #grow(): void {
    const items = this.#slots.filter((item) => item !== undefined);
    this.#slots = new Array<T | undefined>(Math.max(firstSlots, this.#slots.length * 2)).fill(undefined);
    // Twice the places: no two that had one each can meet in a larger array.
    for (const item of items) this.#slots[(item.id as number) & (this.#slots.length - 1)] = item;
  }
}
