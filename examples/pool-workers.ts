/** The workers of a pool: what they need first, what they give back, and what happens when one dies. */
import assert from 'node:assert/strict';
import { subscribe } from 'node:diagnostics_channel';
import { concurrencyLimit, type Hosted, KindredError, pool } from 'kindred';

type Words = typeof import('./programs/words.ts');
const url = new URL('./programs/words.ts', import.meta.url);
const left: string[] = [];

// #region warm
const words = await pool<Words>(url, {
  size: { min: 1, max: 2 },
  idleMs: 10_000,
  recycleAfter: { calls: 1000, memoryBytes: 500_000_000 },
  warmUp: (worker, number) => worker.call.open(number),
  coolDown: async (worker) => left.push(await worker.call.close()),
});
assert.equal(await words.call.count('a call of the pool'), 3);
// #endregion

// #region progress
const texts = ['one', 'one two', 'one two three'];
const steps: number[] = [];
const sum = await words.call.countAll(texts, async (done) => void steps.push(done));
console.log(sum, steps); // 6 [ 1, 2, 3 ]
// #endregion
assert.deepEqual([sum, steps], [6, [1, 2, 3]]);

// #region dies
const begun = Promise.withResolvers<Hosted<Words>>();
const call = words.call.countSlowly('one two', async () => begun.resolve(busyWorker()));
process.kill((await begun.promise).pid as number, 'SIGKILL');
await call.catch((error: KindredError) => console.log(error.code, error.outcome)); // ERR_PEER_GONE unknown
// #endregion
await assert.rejects(call, (error) => error instanceof KindredError && error.outcome === 'unknown');

/** There is only one as long as there is no more work. */
function busyWorker(): Hosted<Words> {
  const [worker] = words.workers;
  assert.ok(worker !== undefined);
  return worker;
}

// #region again
await words.call.count('the next worker is there');
const harmless = words.with({ idempotent: true }).call.countSlowly('one two');
process.kill(busyWorker().pid as number, 'SIGKILL');
assert.equal(await harmless, 2); // in the next worker
// #endregion

// #region recycle
await words.recycle();
console.log(left.length); // 1: it was cooled down
// #endregion
assert.equal(left.length, 1);

// #region urgent
const background = words.with({ middleware: [concurrencyLimit({ max: 1 })] });
const later = texts.map((text) => background.call.countSlowly(text));
const now = words.call.count('this does not wait for them');
// #endregion
assert.equal(await now, 6);
assert.deepEqual(await Promise.all(later), [1, 2, 3]);

// #region watch
subscribe('kindred:worker.down', (event) => {
  const { number, why } = event as { number: number; why: string };
  console.log(`worker ${number} has ended: ${why}`);
});
const { workers, waiting, utilization, run } = words.status;
console.log({ workers, waiting, utilization, p99Ms: run.p99Ms });
// #endregion
assert.ok(utilization > 0 && run.p99Ms > 0);
await words.drain();

// #region memory
const threads = await pool<Words>(url, { in: 'thread', size: 2 });
const total = new Int32Array(new SharedArrayBuffer(4));
const sharing = threads.with({ transfer: [total.buffer] });
await Promise.all(texts.map((text) => sharing.call.addTo(total, text)));
console.log(total[0]); // 6
// #endregion
assert.equal(total[0], 6);
await threads.close();
