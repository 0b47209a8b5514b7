/** A wait that ends early when the command is to stop. */
import { setTimeout as after } from 'node:timers/promises';

/** False where the signal has fired. */
export async function pause(ms: number, signal: AbortSignal): Promise<boolean> {
  await after(ms, undefined, { signal }).catch(() => {});
  return !signal.aborted;
}
