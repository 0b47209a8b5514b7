/** A module in several threads: each call goes to the one that is free; one that does not stop in time is replaced. */
import assert from 'node:assert/strict';
import { KindredError, pool } from 'kindred';

// #region pool
const primes = await pool<typeof import('./programs/primes.ts')>(
  new URL('./programs/primes.ts', import.meta.url),
  { size: 2, in: 'thread', graceMs: 100 },
);
const counts = await Promise.all([10, 100, 1000, 10_000].map((below) => primes.call.count(below)));
// #endregion
assert.deepEqual(counts, [4, 25, 168, 1229]);

// #region stop
const endless = primes.with({ timeoutMs: 50 }).call.count(Number.POSITIVE_INFINITY);
await endless.catch((error: KindredError) => console.log(error.code)); // ERR_TIMEOUT; its thread is replaced
console.log(await primes.call.count(100)); // 25
// #endregion
await assert.rejects(endless, (error) => error instanceof KindredError && error.code === 'ERR_TIMEOUT');

// #region room
for (let below = 0; below < 5000; below++) {
  if (primes.full) await primes.room();
  void primes.call.count(below);
}
await primes.drain();
// #endregion
assert.equal(primes.status.waiting, 0);
