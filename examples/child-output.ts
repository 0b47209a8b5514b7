/** What a child writes: line by line, into a file, on descriptors of one's own. */
import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { spawn } from 'kindred/process';

const node = process.execPath;
const folder = mkdtempSync(join(tmpdir(), 'kindred-example-'));

// #region lines
const counter = spawn(node, ['--eval', 'for (let n = 1; n <= 3; n++) console.log(n)']);
const lines: string[] = [];
for await (const line of counter.lines()) lines.push(line);
assert.deepEqual(lines, ['1', '2', '3']);
// #endregion

// #region file
const log = join(folder, 'child.log');
const logged = spawn(node, ['--eval', 'console.log("out"); console.error("err")'], {
  stdio: ['ignore', { path: log, mode: 0o600 }, { path: log }],
});
await logged.exited;
assert.equal(readFileSync(log, 'utf8'), 'out\nerr\n');
// #endregion

// #region refused
assert.throws(
  // The path was meant.
  () => spawn(node, ['--version'], { stdio: ['ignore', log as never, 'inherit'] }),
  /stdio\[1\] is ".*child\.log"/,
);
// #endregion
rmSync(folder, { recursive: true });
