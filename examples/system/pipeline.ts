/** A pipeline without a shell: `ps ax | grep node`. */
import assert from 'node:assert/strict';
import { spawn } from 'kindred/process';

// #region pipeline
const ps = spawn('ps', ['ax']);
const grep = spawn('grep', ['node'], { input: ps.stdout });
const found = await grep.outcome();
// #endregion
assert.match(found.stdout, new RegExp(`^ *${process.pid} `, 'm'));
assert.deepEqual(await ps.exited, { exitCode: 0, signal: null });
