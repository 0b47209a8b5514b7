/** A wait with bounds. */
import { type Clock, systemClock } from '../base/clock.ts';
import { KindredError } from '../base/errors.ts';

export interface Wait {
  /** Waits no longer when it fires. */
  signal?: AbortSignal | undefined;
  /** Waits no longer than so many milliseconds. Default: as long as it takes. */
  timeoutMs?: number | undefined;
}

/** Throws `ERR_TIMEOUT`, or `ERR_CANCELLED`. The wait itself must never reject; nobody hears of it once it is given up. */
export async function untilDone(
  what: string,
  done: Promise<void>,
  { signal, timeoutMs }: Wait,
  clock: Clock = systemClock,
): Promise<void> {
  const { promise: cut, reject } = Promise.withResolvers<never>();
  const fired = (): void =>
    reject(new KindredError('ERR_CANCELLED', `the wait for ${what} was given up`, { cause: signal?.reason }));
  if (signal?.aborted === true) fired();
  signal?.addEventListener('abort', fired, { once: true });
  const late = (): void =>
    reject(new KindredError('ERR_TIMEOUT', `the wait for ${what} took more than ${timeoutMs} ms`));
  const timer = timeoutMs === undefined ? undefined : clock.after(timeoutMs, late);
  try {
    await Promise.race([done, cut]);
  } finally {
    timer?.cancel();
    signal?.removeEventListener('abort', fired);
  }
}
