/** What runs, looked at again and again; the death of a brain is no end of it. */
import type { StackStatus } from 'kindred/supervisor';
import { type Asked, isBrainGone, openControl } from './asking.ts';
import { pause } from './pause.ts';
import type { StackFlags } from './which-stack.ts';

/** Between two looks, in milliseconds. */
export const lookMs = 1000;

/** Until the signal fires. Throws `ERR_NOT_REACHABLE` where the stack does not run, or no more. */
export async function* looks(
  flags: StackFlags,
  signal: AbortSignal,
  everyMs: number = lookMs,
): AsyncGenerator<StackStatus, undefined> {
  let asked: Asked | undefined;
  try {
    while (!signal.aborted) {
      asked ??= await openControl(flags, signal);
      let status: StackStatus;
      try {
        status = await asked.control.status();
      } catch (error) {
        if (!isBrainGone(error)) throw error;
        await asked.close();
        asked = undefined;
        continue;
      }
      yield status;
      await pause(everyMs, signal);
    }
  } finally {
    await asked?.close();
  }
  return undefined;
}
