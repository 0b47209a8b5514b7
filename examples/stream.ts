/** Streams: as a result, as an argument, and what ends them. */
import assert from 'node:assert/strict';
import { host } from 'kindred';

const numbers = await host<typeof import('./programs/numbers.ts')>(
  new URL('./programs/numbers.ts', import.meta.url),
);

// #region result
const items: number[] = [];
for await (const n of numbers.call.countdown(3)) items.push(n);
assert.deepEqual(items, [3, 2, 1]);
// #endregion

// #region break
for await (const n of numbers.call.forever()) if (n === 3) break;
// #endregion
while ((await numbers.call.running()) > 0);

// #region argument
async function* measurements() {
  yield 20.5;
  yield 21.5;
}
assert.equal(await numbers.call.mean(measurements()), 21);
// #endregion

// #region both
const doubled: number[] = [];
for await (const n of numbers.call.double(measurements())) doubled.push(n);
assert.deepEqual(doubled, [41, 43]);
// #endregion
await numbers.close();
