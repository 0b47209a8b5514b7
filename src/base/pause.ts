/** Time that passes, unless a signal cuts it short. */
import type { Clock } from './clock.ts';

/** Resolves after `ms` milliseconds, or as soon as the signal fires from now on. Never rejects. */
export function pause(ms: number, clock: Clock, signal?: AbortSignal | undefined): Promise<void> {
  return new Promise((resolve) => {
    const over = (): void => {
      timer.cancel();
      signal?.removeEventListener('abort', over);
      resolve();
    };
    const timer = clock.after(ms, over);
    signal?.addEventListener('abort', over);
  });
}
