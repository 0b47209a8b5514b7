import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import { execFileSync, execSync, spawnSync } from './sync.ts';

const node = process.execPath;
const dir = mkdtempSync(join(tmpdir(), 'sync-test-'));
after(() => rmSync(dir, { recursive: true, force: true }));

describe('the forms that wait', () => {
  it('give what a program wrote, and take its input', () => {
    assert.equal(execFileSync('cat', { input: 'in', encoding: 'utf8' }), 'in');
    assert.equal(execSync('printf out | tr a-z A-Z', { encoding: 'utf8' }), 'OUT');
    const { status, stdout } = spawnSync('sh', ['-c', 'echo out; exit 3'], { encoding: 'utf8' });
    assert.deepEqual([status, stdout], [3, 'out\n']);
  });

  it('throw as Node.js does, with status, signal and output', () => {
    const script = 'echo out; echo why >&2; exit 3';
    assert.throws(
      () => execFileSync('sh', ['-c', script], { encoding: 'utf8', stdio: 'pipe' }),
      (error: Error & { status: number; signal: unknown; output: string[]; stderr: string }) => {
        assert.deepEqual([error.status, error.signal], [3, null]);
        assert.deepEqual(error.output, [null, 'out\n', 'why\n']);
        return error.stderr === 'why\n';
      },
    );
    assert.throws(() => execSync('kill -9 $$', { stdio: 'pipe' }), { status: null, signal: 'SIGKILL' });
    assert.throws(() => execFileSync('sleep', ['1000'], { timeout: 20 }), { code: 'ETIMEDOUT' });
  });

  it('let stderr through to that of this process', () => {
    const script = "require('child_process').execFileSync('sh', ['-c', 'echo seen >&2'])";
    const { stderr } = spawnSync(node, ['-e', script], { encoding: 'utf8' });
    assert.equal(stderr, 'seen\n');
  });

  it('say what can be mended where a program cannot be started', () => {
    assert.throws(() => execFileSync('no-such-program'), { code: 'ERR_COMMAND_NOT_FOUND' });
    assert.throws(() => execFileSync('true', [], { cwd: join(dir, 'nowhere') }), { code: 'ERR_BAD_CWD' });
    assert.throws(() => execFileSync('true', ['x'.repeat(4_000_000)]), { code: 'ERR_ARGUMENTS_TOO_LONG' });
    const { error } = spawnSync('no-such-program') as { error?: { code?: string } };
    assert.equal(error?.code, 'ERR_COMMAND_NOT_FOUND');
  });

  it('refuse what cannot be a descriptor, and arguments where there is a shell', () => {
    assert.throws(() => spawnSync('true', [], { stdio: ['pipe', createServer() as never] }), {
      code: 'ERR_BAD_ARGUMENT',
    });
    assert.throws(() => execFileSync('echo', ['$HOME'], { shell: true }), { code: 'ERR_BAD_ARGUMENT' });
  });

  it('write to files by their path', () => {
    const path = join(dir, 'out');
    spawnSync('echo', ['kept'], { stdio: ['ignore', { path }, 'inherit'] });
    assert.equal(readFileSync(path, 'utf8'), 'kept\n');
  });

  it('hand on an exact environment', () => {
    const { stdout } = spawnSync('env', { env: { ONLY: 'this' }, encoding: 'utf8' });
    assert.equal(stdout, 'ONLY=this\n');
  });
});
