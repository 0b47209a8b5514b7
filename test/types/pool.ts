// What a user writes against a pool of a module. Compiled, never run.
import { concurrencyLimit, type Hosted, type Pool, type PoolOptions, type PoolStatus, pool } from 'kindred';

type Equal<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false;
const same = <_A extends true>(): void => {};

/** What such a module exports. */
const images = {
  shrink: (data: Uint8Array, toWidth: number) => data.subarray(toWidth),
  largest: async <T extends { size: number }>(of: readonly T[]) => of[0]?.size,
  async *tiles(data: Uint8Array, done: (percent: number) => void) {
    done(data.length);
    yield data;
  },
  connect: async (url: string, number: number) => void `${url}${number}`,
  disconnect: async () => {},
  formats: ['png', 'jpg'],
  default: (n: number) => n * 2,
};
type Images = typeof images;
const url = new URL('./images.ts', import.meta.url);

const workers: Pool<Images> = await pool<Images>(url, { size: 4, in: 'thread' });
const paths = await pool<typeof import('node:path/posix')>(url);

// Each function is called as with a peer.
same<Equal<ReturnType<typeof workers.call.shrink>, Promise<Uint8Array>>>();
const joined: Promise<string> = paths.call.join('a', 'b');
const doubled: Promise<number> = workers.call.default(1);
const size: Promise<number | undefined> = workers.call.largest([{ size: 1 }]);
for await (const tile of workers.call.tiles(new Uint8Array(1), (percent) => void percent.toFixed()))
  same<Equal<typeof tile, Uint8Array>>();
same<Equal<ReturnType<typeof workers.notify.disconnect>, Promise<void>>>();
const hurried = workers.with({ signal: AbortSignal.timeout(5), timeoutMs: 5, idempotent: true });
hurried.call.shrink(new Uint8Array(1), 2);
workers.with({ middleware: [concurrencyLimit({ max: 2 })] }).call.disconnect();

// @ts-expect-error no such function
workers.call.grow(new Uint8Array(1));
// @ts-expect-error an argument of the wrong type
workers.call.shrink('data', 1);
// @ts-expect-error a missing argument
workers.call.shrink(new Uint8Array(1));
// @ts-expect-error data is no function
workers.call.formats;
// @ts-expect-error no such function to notify
workers.notify.grow();
// @ts-expect-error a pool is no promise
workers.call.then;

// What runs in each worker knows what it exports.
const options: PoolOptions<Images> = {
  size: { min: 1, max: 4 },
  warmUp: (worker, number) => worker.call.connect('db:', number),
  coolDown: (worker) => worker.call.disconnect(),
  idempotent: ['shrink'],
  recycleAfter: { calls: 100, memoryBytes: 1e9 },
};
await pool<Images>(url, options);
// @ts-expect-error no such function in a worker
await pool<Images>(url, { warmUp: (worker) => worker.call.warm() });
// @ts-expect-error there is no such place
await pool<Images>(url, { in: 'cloud' });
// @ts-expect-error no such option
await pool<Images>(url, { maxThreads: 4 });
// @ts-expect-error one number, or bounds
await pool<Images>(url, { size: 'all' });

for (const worker of workers.workers) same<Equal<typeof worker, Hosted<Images>>>();
const status: PoolStatus = workers.status;
const { utilization, wait, run } = status;
const times: number[] = [utilization, wait.p99Ms, run.meanMs];
if (workers.full) await workers.room({ timeoutMs: 100, signal: AbortSignal.timeout(5) });
workers.cancelWaiting();
// @ts-expect-error whether it is full cannot be set
workers.full = true;

// A module whose type is not known takes any name.
const unknown = await pool(url);
unknown.call.anything(1, 'two');

async function scoped(): Promise<void> {
  const own: AsyncDisposable = await pool<Images>(url);
  await own[Symbol.asyncDispose]();
  await workers.recycle();
  await workers.drain({ timeoutMs: 100 });
}

export { doubled, joined, scoped, size, times };
