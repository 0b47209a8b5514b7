/**
 * The book of one giving side: which handles wait, which one is on its way, which are open over there. It does nothing
 * by itself; what it is told, and what it gives out, is all there is.
 *
 * ```
 *   waiting --next--> sent --accept--> open --close--> (forgotten)
 *      |               |----settle----> (forgotten: refused, gone, came without its handle)
 *      |               |----recall----> recalled --ask--> (forgotten)
 *      |--withdraw----> (forgotten)
 *   waiting, sent --end--> (forgotten)
 * ```
 * One handle is on its way at a time: Node.js carries no more anyway, and what waits here can still go elsewhere.
 */
import { Fifo } from '../base/fifo.ts';
import type { HandleKind } from './envelope.ts';

export interface LedgerEntry {
  readonly id: number;
  readonly kind: HandleKind;
  readonly purpose: string;
}

export class Ledger<Entry extends LedgerEntry> {
  readonly #maxWaiting: number;
  readonly #waiting = new Map<string, Fifo<Entry>>();
  #size = 0;
  #lastId = 0;
  #sent: Entry | undefined;
  /** The other end may still hold them, and must ask before it touches them. */
  readonly #recalled = new Set<number>();
  readonly #open = new Set<number>();

  constructor(maxWaiting: number) {
    this.#maxWaiting = maxWaiting;
  }

  get waiting(): number {
    return this.#size;
  }

  get sent(): Entry | undefined {
    return this.#sent;
  }

  /** Sockets that were accepted and have not been told to be closed. */
  get open(): number {
    return this.#open.size;
  }

  /** Undefined where as many wait as may. */
  add(make: (id: number) => Entry): Entry | undefined {
    if (this.#size >= this.#maxWaiting) return undefined;
    const entry = make(++this.#lastId);
    let queue = this.#waiting.get(entry.purpose);
    if (queue === undefined) {
      queue = new Fifo();
      this.#waiting.set(entry.purpose, queue);
    }
    queue.push(entry);
    this.#size++;
    return entry;
  }

  /** The oldest that may go is on its way now; undefined while another one is, or none may. */
  next(isReady: (purpose: string) => boolean): Entry | undefined {
    if (this.#sent !== undefined) return undefined;
    let oldest: Fifo<Entry> | undefined;
    for (const [purpose, queue] of this.#waiting) {
      if (queue.first === undefined || !isReady(purpose)) continue;
      if (oldest?.first === undefined || queue.first.id < oldest.first.id) oldest = queue;
    }
    const entry = oldest?.shift();
    if (entry === undefined) return undefined;
    this.#size--;
    this.#sent = entry;
    return entry;
  }

  /** The other end has it; undefined where it is not on its way (any more). */
  accept(id: number): Entry | undefined {
    const entry = this.settle(id);
    if (entry?.kind === 'socket') this.#open.add(id);
    return entry;
  }

  /** The other end does not have it; undefined where it is not on its way (any more). */
  settle(id: number): Entry | undefined {
    const entry = this.#sent;
    if (entry?.id !== id) return undefined;
    this.#sent = undefined;
    return entry;
  }

  /** The one on its way is ours again; should it arrive all the same, the answer to `ask` is no. */
  recall(): Entry | undefined {
    const entry = this.#sent;
    if (entry === undefined) return undefined;
    this.#sent = undefined;
    if (entry.kind === 'socket') this.#recalled.add(entry.id);
    return entry;
  }

  /** Whether the other end may keep what it has accepted late. */
  ask(id: number): boolean {
    return !this.#recalled.delete(id);
  }

  close(ids: readonly number[]): void {
    for (const id of ids) this.#open.delete(id);
  }

  /** False where it does not wait any more. */
  withdraw(entry: Entry): boolean {
    const isFound = this.#waiting.get(entry.purpose)?.take((each) => each === entry).length === 1;
    if (isFound) this.#size--;
    return isFound;
  }

  /** All that wait, or all of one purpose, in their order. */
  takeWaiting(purpose?: string): Entry[] {
    const taken: Entry[] = [];
    for (const [each, queue] of this.#waiting)
      if (purpose === undefined || each === purpose) taken.push(...queue.take());
    this.#size -= taken.length;
    return taken.sort((a, b) => a.id - b.id);
  }

  /** The other end is no more: all that was not accepted, in its order. */
  end(): Entry[] {
    const sent = this.#sent === undefined ? [] : [this.#sent];
    this.#sent = undefined;
    this.#recalled.clear();
    this.#open.clear();
    return [...sent, ...this.takeWaiting()];
  }
}
