/**
 * Whether a call that may have run can be made again: whether its arguments are still what they were. A stream may have
 * been read, a function may have been called, and what was moved is here no more.
 */
import { membersOf } from '../base/members-of.ts';
import { isSource } from './streams.ts';

/** Looks into objects and collections, at any depth. */
export function isRepeatable(args: readonly unknown[]): boolean {
  const seen = new Set<object>();
  const left: unknown[] = [...args];
  while (left.length > 0) {
    const value = left.pop();
    if (typeof value === 'function') return false;
    if (typeof value !== 'object' || value === null || seen.has(value)) continue;
    seen.add(value);
    if (isMoved(value) || isSource(value)) return false;
    if (!ArrayBuffer.isView(value)) for (const inside of membersOf(value)) left.push(inside);
  }
  return true;
}

function isMoved(value: object): boolean {
  const memory = ArrayBuffer.isView(value) ? value.buffer : value;
  return memory instanceof ArrayBuffer && memory.detached;
}
