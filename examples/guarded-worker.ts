/** A worker that is started again whenever it dies, and left alone when it ends by itself. */
import assert from 'node:assert/strict';
import { setTimeout as pause } from 'node:timers/promises';
import { fork } from 'kindred/process';

// #region guard
async function guard(module: URL, most: number): Promise<number> {
  for (let starts = 1; ; starts++) {
    const outcome = await fork(module, [String(starts)], { silent: true }).outcome();
    if (outcome.ok) return starts;
    console.error(`${outcome.name} died: ${outcome.signal ?? outcome.exitCode}`);
    if (starts === most) throw new Error(`it has died ${starts} times`);
    await pause(50 * 2 ** starts);
  }
}
// #endregion
assert.equal(await guard(new URL('./programs/fragile.ts', import.meta.url), 5), 3);
