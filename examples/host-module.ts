/** A module in another process, called as if it were imported. The module needs no code for it. */
import assert from 'node:assert/strict';
import { host } from 'kindred';

// #region host
const maths = await host<typeof import('./hello/math.ts')>(new URL('./hello/math.ts', import.meta.url));
const sum = await maths.call.add(1, 2);
await maths.close();
// #endregion
assert.equal(sum, 3);
assert.notEqual(maths.pid, process.pid);

// #region ended
const { exitCode, signal } = await maths.exited;
// #endregion
assert.deepEqual({ exitCode, signal }, { exitCode: 0, signal: null });

// #region in
for (const place of ['process', 'thread', 'here'] as const) {
  const home = await host<typeof import('./hello/math.ts')>(new URL('./hello/math.ts', import.meta.url), {
    in: place,
  });
  assert.equal(await home.call.add(1, 2), 3);
  await home.close();
}
// #endregion
