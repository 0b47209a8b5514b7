/** What the workers of a pool do: they count words. */
import { setTimeout as pause } from 'node:timers/promises';

let number = 0;
let ignored: ReadonlySet<string> = new Set();

// #region open
/** What each worker needs before it can work. */
export async function open(worker: number): Promise<void> {
  number = worker;
  ignored = new Set(['a', 'the']);
}

/** What it says when it is no longer needed. */
export async function close(): Promise<string> {
  return `worker ${number} has left`;
}
// #endregion

export function count(text: string): number {
  return text.split(/\s+/).filter((word) => word !== '' && !ignored.has(word)).length;
}

// #region progress
export async function countAll(
  texts: readonly string[],
  progress: (done: number) => Promise<void>,
): Promise<number> {
  let words = 0;
  for (const [i, text] of texts.entries()) {
    words += count(text);
    await progress(i + 1);
  }
  return words;
}
// #endregion

/** Takes a moment. */
export async function countSlowly(text: string, begun?: () => Promise<void>): Promise<number> {
  await begun?.();
  await pause(100);
  return count(text);
}

/** Into memory that all threads share. */
export function addTo(total: Int32Array, text: string): void {
  Atomics.add(total, 0, count(text));
}
