/** A command: what its outermost function returns or throws becomes the exit code. */
import assert from 'node:assert/strict';
import { execFile, exitCodes } from 'kindred/process';

const count = (...args: string[]) =>
  execFile(process.execPath, [...process.execArgv, 'examples/programs/count-lines.ts', ...args]);

assert.equal((await count('LICENSE')).ok, true);
const without = await count();
assert.equal(without.exitCode, exitCodes.usage);
assert.equal(without.stderr, 'usage: count-lines FILE\n');
assert.equal((await count('no such file')).exitCode, exitCodes.noInput);
