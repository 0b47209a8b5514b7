/** The time of a call while middleware lets it wait. */
import type { Clock } from '../../base/clock.ts';
import { KindredError } from '../../base/errors.ts';
import type { MiddlewareCall } from '../peer.ts';
import { cancelledBy } from '../pending-call.ts';

/** How much is left of the time that the call has now, in milliseconds; undefined where it has no bound. */
export function timeLeft(call: MiddlewareCall, clock: Clock): () => number | undefined {
  const { timeoutMs } = call;
  const since = clock.now();
  return () => (timeoutMs === undefined ? undefined : Math.max(0, timeoutMs - (clock.now() - since)));
}

export interface Wait {
  /** Resolves when `end` is called. Rejects with `ERR_CANCELLED` or `ERR_TIMEOUT` where the call gives up before. */
  readonly over: Promise<void>;
  end(): void;
}

/** Lets a call wait, for as long as its caller does. */
export function waitWith(call: MiddlewareCall, leftMs: number | undefined, clock: Clock): Wait {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  const { method, signal } = call;
  const untie = (): void => {
    signal?.removeEventListener('abort', fired);
    timer?.cancel();
  };
  const fail = (error: KindredError): void => {
    untie();
    reject(error.withOutcome('not-sent'));
  };
  const fired = (): void => fail(cancelledBy(signal as AbortSignal, method));
  const late = (): void =>
    fail(new KindredError('ERR_TIMEOUT', `${method}: its time ran out while it waited for its turn`));
  const timer = leftMs === undefined ? undefined : clock.after(leftMs, late);
  signal?.addEventListener('abort', fired, { once: true });
  if (signal?.aborted === true) fired();
  return {
    over: promise,
    end() {
      untie();
      resolve();
    },
  };
}
