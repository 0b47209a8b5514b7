/** What a user runs in the workers of a pool, before their first call and after their last one. */
import type { Clock } from '../base/clock.ts';
import { KindredError } from '../base/errors.ts';
import type { Hosted } from './hosted.ts';

/** `number` tells those apart that live at the same time, from 1. */
export type WorkerTask = (worker: Hosted<unknown>, number: number) => unknown;

/** Resolves when it is done. Rejects as it does, and where it takes too long, or the worker has ended. */
export async function runTask(
  name: 'warmUp' | 'coolDown',
  task: WorkerTask,
  { hosted, number }: { hosted: Hosted<unknown>; number: number },
  atMostMs: number,
  clock: Clock,
): Promise<void> {
  const { promise: cut, reject } = Promise.withResolvers<never>();
  // A task that fails at once never comes to hear it.
  cut.catch(() => {});
  // Not `exited` alone: a module in place has no other end than that of its channel.
  for (const end of [hosted.closed, hosted.exited])
    end.then(
      () => reject(new KindredError('ERR_PEER_GONE', `the worker has ended during ${name}`)),
      () => {},
    );
  const timer = clock.after(atMostMs, () =>
    reject(new KindredError('ERR_TIMEOUT', `${name} took more than ${atMostMs} ms`)),
  );
  try {
    await Promise.race([task(hosted, number), cut]);
  } finally {
    timer.cancel();
  }
}
