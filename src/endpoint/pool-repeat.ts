/** Whether a call whose worker has died in it may run again in another one. */
import { isSource } from '../rpc/streams.ts';
import type { HeldCall } from './held-call.ts';

/** The most that one call runs. What takes three workers with it takes the fourth. */
const maxRuns = 3;

/**
 * Only where its caller, or the name of its function, says that it may run twice; and where its arguments are still what they
 * were: neither moved, nor streams that were read, nor functions that were called.
 */
export function mayRepeat(call: HeldCall, idempotent: ReadonlySet<string>): boolean {
  const { options, method, args, runs } = call;
  if (options.idempotent !== true && !idempotent.has(method)) return false;
  const moves = options.transfer !== undefined && options.transfer.length > 0;
  return runs < maxRuns && !moves && !holdsLife(args, new Set());
}

/** Whether there is a function or a stream somewhere in it. */
function holdsLife(value: unknown, seen: Set<object>): boolean {
  if (typeof value === 'function') return true;
  if (typeof value !== 'object' || value === null || ArrayBuffer.isView(value) || seen.has(value))
    return false;
  seen.add(value);
  if (isSource(value)) return true;
  const inside =
    value instanceof Map
      ? [...value.keys(), ...value.values()]
      : value instanceof Set
        ? [...value]
        : Object.values(value);
  return inside.some((one) => holdsLife(one, seen));
}
