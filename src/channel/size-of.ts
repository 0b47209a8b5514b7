/** The size of values that were never written as bytes. */
import { KindredError } from '../base/errors.ts';
import { membersOf } from '../base/members-of.ts';

/** A rough size of a value, for bounds where no byte was ever written. Throws `ERR_LIMIT` where it is deeper than it may be. */
export function sizeOf(value: unknown, maxDepth: number = Number.POSITIVE_INFINITY): number {
  let bytes = 0;
  const seen = new Set<object>();
  for (let level = [value], depth = 0; level.length > 0; depth++) {
    const below: unknown[] = [];
    for (const next of level) {
      bytes += 8;
      if (typeof next === 'string') bytes += next.length;
      if (typeof next !== 'object' || next === null || seen.has(next)) continue;
      if (depth >= maxDepth)
        throw new KindredError('ERR_LIMIT', `a message is nested deeper than maxDepth (${maxDepth})`);
      seen.add(next);
      if (ArrayBuffer.isView(next) || next instanceof ArrayBuffer) bytes += next.byteLength;
      else for (const member of membersOf(next)) below.push(member);
    }
    level = below;
  }
  return bytes;
}
