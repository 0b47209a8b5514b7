/**
 * The beginning of something whose end has not arrived yet.
 *
 * One block that doubles: however small the chunks, every byte is copied a bounded number of times, and a peer that
 * sends single bytes makes us hold bytes, not thousands of little arrays.
 */
export interface HeldBytes {
  readonly length: number;
  /** Copies the bytes `start` (inclusive) to `end` (exclusive) of the chunk to the end of what is held. */
  append(chunk: Uint8Array, start: number, end: number): void;
  /** All that is held, and forgets it. The view is good until the next `append`. */
  take(): Uint8Array;
}

const smallestBytes = 1024;
/** A block up to this size is kept for what comes next. */
const keptBytes = 64 * 1024;

export function createHeldBytes(): HeldBytes {
  let block = new Uint8Array(0);
  let length = 0;
  return {
    get length() {
      return length;
    },
    append(chunk, start, end) {
      const needed = length + end - start;
      if (needed > block.length) {
        const larger = new Uint8Array(Math.max(smallestBytes, 2 * block.length, needed));
        larger.set(block.subarray(0, length));
        block = larger;
      }
      block.set(start === 0 && end === chunk.length ? chunk : chunk.subarray(start, end), length);
      length = needed;
    },
    take() {
      const bytes = block.subarray(0, length);
      if (block.length > keptBytes) block = new Uint8Array(0);
      length = 0;
      return bytes;
    },
  };
}
