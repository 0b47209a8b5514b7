/** Functions that take their time, and stop when nobody waits for them any more. */
import { setTimeout as pause } from 'node:timers/promises';
import { currentCall } from 'kindred';

let asleep = 0;
export const sleeping = (): number => asleep;

// #region sleep
export async function sleep(ms: number): Promise<string> {
  const { signal } = currentCall();
  asleep++;
  try {
    return await pause(ms, 'slept well', { signal });
  } finally {
    asleep--;
  }
}
// #endregion

/** Blocks its event loop: it hears of nothing meanwhile. */
export function block(ms: number): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms);
}

export const remaining = (): number | undefined => currentCall().remainingMs;
