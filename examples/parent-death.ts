/** A child ends with its parent, also where that is killed, unless it was told to survive. */
import assert from 'node:assert/strict';
import { setTimeout as pause } from 'node:timers/promises';
import { fork } from 'kindred/process';

// #region killed
const parent = fork(new URL('./programs/family.ts', import.meta.url), { channel: 'none', silent: true });
const [busy, heir] = JSON.parse(String((await parent.lines().next()).value)) as [number, number];
parent.kill('SIGKILL');
await parent.exited;
// #endregion
const lives = (pid: number): boolean => {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
};
while (lives(busy)) await pause(10);
assert.ok(lives(heir));
process.kill(heir, 'SIGKILL');
while (lives(heir)) await pause(10);
