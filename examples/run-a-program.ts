/** Programs that are run to their end: how they ended is a value, and an error only where it is asked for. */
import assert from 'node:assert/strict';
import { KindredError } from 'kindred';
import { exec, execFile, execFileSync, extendEnv } from 'kindred/process';

const node = process.execPath;

// #region outcome
const { stdout, exitCode, durationMs } = await execFile(node, ['--print', '6 * 7']);
assert.equal(stdout, '42\n');
assert.equal(exitCode, 0);
console.log(`took ${Math.round(durationMs)} ms`);
// #endregion

// #region or-throw
const failed = await execFile(node, ['--eval', 'console.error("no disk"); process.exit(3)']);
assert.equal(failed.exitCode, 3);
assert.throws(
  () => failed.orThrow(),
  (error) => error instanceof KindredError && /exit code 3:\nno disk/.test(error.message),
);
// #endregion

// #region bounds
const endless = await execFile(node, ['--eval', 'setInterval(() => {}, 1000)'], { timeout: 200 });
assert.equal(endless.timedOut, true);
const flood = await execFile(node, ['--eval', 'setInterval(() => console.log("more"))'], { maxBuffer: 1000 });
assert.equal(flood.truncated, true);
assert.equal(flood.stdout.length, 1000);
// #endregion

// #region not-found
const missing = await execFile('no-such-program').catch((error: KindredError) => error);
assert.ok(missing instanceof KindredError);
assert.equal(missing.code, 'ERR_COMMAND_NOT_FOUND');
// #endregion

// #region shell
const name = '$(reboot); "Ada"';
const said = await exec('echo "Hello, $NAME"', { env: extendEnv({ NAME: name }) });
assert.equal(said.stdout, `Hello, ${name}\n`);
// #endregion

// #region sync
const version = execFileSync(node, ['--version'], { encoding: 'utf8' });
assert.equal(version.trim(), process.version);
// #endregion
