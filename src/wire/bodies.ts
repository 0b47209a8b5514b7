/**
 * Large messages in the binary dialect that are under way in pieces: how many there may be at a time. Both ends keep
 * the same rule, so that a sender that keeps it is never refused:
 *
 * - no more than `maxBodies` at a time;
 * - all of them together, the largest left out, have no more than `maxBesideBytes`.
 *
 * So one message of any size passes, with a good many smaller ones beside it; and what a receiver holds of unfinished
 * messages never exceeds `maxMessageBytes + maxBesideBytes`.
 */

export const maxBodies = 1024;
export const maxBesideBytes: number = 16 * 1024 * 1024;

/** The sizes of the messages under way in one direction. */
export class BodiesUnderWay {
  /** Made for the first one: most connections never see a large message. */
  #sizes: Set<{ bytes: number }> | undefined;

  /** Whether a message of that size may be begun now. */
  admits(bytes: number): boolean {
    let sum = bytes;
    let largest = bytes;
    for (const size of this.#sizes ?? []) {
      sum += size.bytes;
      largest = Math.max(largest, size.bytes);
    }
    return this.count < maxBodies && sum - largest <= maxBesideBytes;
  }

  /** Begins one; the function given back ends it. */
  begin(bytes: number): () => void {
    this.#sizes ??= new Set();
    const sizes = this.#sizes;
    const size = { bytes };
    sizes.add(size);
    return () => sizes.delete(size);
  }

  get count(): number {
    return this.#sizes?.size ?? 0;
  }
}
