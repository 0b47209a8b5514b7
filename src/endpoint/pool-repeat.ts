/** Whether a call whose worker has died in it may run again in another one. */
import { isRepeatable } from '../rpc/repeatable.ts';
import type { HeldCall } from './held-call.ts';

/** The most that one call runs. What takes three workers with it takes the fourth. */
const maxRuns = 3;

/** Only where its caller, or the name of its function, says that it may run twice; and where its arguments are still what they were. */
export function mayRepeat(call: HeldCall, idempotent: ReadonlySet<string>): boolean {
  const { options, method, args, runs } = call;
  if (options.idempotent !== true && !idempotent.has(method)) return false;
  const moves = options.transfer !== undefined && options.transfer.length > 0;
  return runs < maxRuns && !moves && isRepeatable(args);
}
