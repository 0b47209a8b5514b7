import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { type ExecError, exec, execFile } from './exec.ts';

const node = process.execPath;

/** What a callback was told. */
function told<Output extends string | Uint8Array>(
  start: (callback: (error: ExecError | null, stdout: Output, stderr: Output) => void) => unknown,
): Promise<{ error: ExecError | null; stdout: Output; stderr: Output }> {
  return new Promise((resolve) => start((error, stdout, stderr) => resolve({ error, stdout, stderr })));
}

describe('execFile', () => {
  it('resolves with the outcome, whatever the exit code is', async () => {
    const running = execFile(node, ['-e', "console.log('out'); process.exitCode = 2"]);
    assert.ok((running.child.pid ?? 0) > 0);
    const { exitCode, stdout } = await running;
    assert.deepEqual([exitCode, stdout], [2, 'out\n']);
    const { stdout: bytes } = await execFile('printf', ['a'], { encoding: 'buffer' });
    assert.deepEqual([...bytes], [97]);
  });

  it('rejects where there is no such program', async () => {
    await assert.rejects(execFile('no-such-program'), { code: 'ERR_COMMAND_NOT_FOUND' });
  });

  it('never reads an argument as syntax of a shell', async () => {
    const { stdout } = await execFile('echo', ['$HOME; `id`']);
    assert.equal(stdout, '$HOME; `id`\n');
  });

  it('calls back as Node.js does', async () => {
    const well = await told<string>((callback) => execFile('echo', ['hello'], callback));
    assert.deepEqual(well, { error: null, stdout: 'hello\n', stderr: '' });
    const badly = await told<string>((callback) => execFile('sh', ['-c', 'echo why >&2; exit 4'], callback));
    assert.deepEqual(
      [badly.error?.code, badly.error?.signal, badly.error?.killed, badly.stderr],
      [4, null, false, 'why\n'],
    );
    assert.match(badly.error?.message ?? '', /^Command failed: sh -c .*\nwhy\n$/s);
    const never = await told<string>((callback) => execFile('no-such-program', callback));
    assert.equal(never.error?.code, 'ENOENT');
    const bytes = await told<Buffer>((callback) =>
      execFile('printf', ['b'], { encoding: 'buffer' }, callback),
    );
    assert.deepEqual([...bytes.stdout], [98]);
  });

  it('tells a callback of too much output, and of time that ran out', async () => {
    const much = await told<string>((callback) => execFile('yes', [], { maxBuffer: 10 }, callback));
    assert.equal(much.error?.code, 'ERR_CHILD_PROCESS_STDIO_MAXBUFFER');
    assert.deepEqual([much.error?.killed, much.stdout], [true, 'y\ny\ny\ny\ny\n']);
    const late = await told<string>((callback) =>
      execFile('sleep', ['1000'], { timeout: 20, killSignal: 'SIGKILL' }, callback),
    );
    assert.deepEqual([late.error?.killed, late.error?.signal], [true, 'SIGKILL']);
  });
});

describe('exec', () => {
  it('runs a line of the shell', async () => {
    const { stdout } = (await exec('printf "%s" one two | tr a-z A-Z')).orThrow();
    assert.equal(stdout, 'ONETWO');
    const { error, stdout: said } = await told<string>((callback) =>
      exec('echo "The \\$HOME variable is $WHAT"', { env: { ...process.env, WHAT: 'here' } }, callback),
    );
    assert.deepEqual([error, said], [null, 'The $HOME variable is here\n']);
  });

  it('names the line in its error', async () => {
    const outcome = await exec('exit 9');
    assert.throws(() => outcome.orThrow(), /^KindredError: exit 9 ended with exit code 9/);
  });
});
