/** A program that outlives whoever has started it, with its logs in a file. */
import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { daemonize, isAlive, readPidFile, signalProcess } from 'kindred/process';

const folder = mkdtempSync(join(tmpdir(), 'kindred-example-'));
const pidFile = join(folder, 'clock.pid');
const log = join(folder, 'clock.log');

// #region start
const daemon = await daemonize(new URL('./programs/clock.ts', import.meta.url), [], {
  stdout: log,
  pidFile,
});
console.log(`ready, as process ${daemon.pid}`);
// #endregion
assert.deepEqual(readPidFile(pidFile), daemon.identity);
await assert.rejects(daemonize(new URL('./programs/clock.ts', import.meta.url), [], { pidFile }), {
  code: 'ERR_ALREADY_RUNNING',
});

// #region stop
const running = readPidFile(pidFile);
if (running !== undefined) signalProcess(running, 'SIGTERM');
// #endregion
while (isAlive(daemon.identity)) await pause(10);
assert.equal(readFileSync(log, 'utf8'), 'the clock runs\nthe clock stops\n');
rmSync(folder, { recursive: true });
