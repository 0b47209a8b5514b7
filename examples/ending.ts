/** A child that takes its time, one that refuses to end, and one with children of its own: all of them end. */
import assert from 'node:assert/strict';
import { identityOfProcess, isAlive, spawn } from 'kindred/process';

// #region terminate
const polite = spawn('sleep', ['1000']);
assert.equal((await polite.terminate()).signal, 'SIGTERM');

const stubborn = spawn(process.execPath, [
  '--eval',
  `process.on('SIGTERM', () => {}); console.log('up'); setInterval(() => {}, 1000)`,
]);
await stubborn.lines().next();
assert.equal((await stubborn.terminate({ graceMs: 200 })).signal, 'SIGKILL');
// #endregion

// #region tree
const family = spawn('sh', ['-c', 'sleep 1000 & echo $!; wait'], { detached: true });
const grandchild = identityOfProcess(Number((await family.lines().next()).value));
const { survivors } = await family.terminate({ tree: true });
assert.deepEqual(survivors, []);
assert.equal(isAlive(grandchild), false);
// #endregion
