/** What a hosted module's process or thread tells of its memory to the pool that has started it. */
import { isMainThread } from 'node:worker_threads';

/** No module exports it by chance. */
export const memoryMethod = 'kindred:memory';

/** A process: what it has in memory. A thread has no such figure of its own: its heap, and what lies beside it. */
export function memoryBytes(): number {
  if (isMainThread) return process.memoryUsage.rss();
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
}
