import assert from 'node:assert/strict';
import { existsSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import { makeDirectory } from './make-directory.ts';

const folder = mkdtempSync(join(tmpdir(), 'kindred-made-'));
after(() => rmSync(folder, { recursive: true }));

describe('a directory', () => {
  it('is made with those above it, for its user alone', () => {
    const deep = join(folder, 'a', 'b', 'c');
    makeDirectory(deep, 0o700);
    makeDirectory(deep, 0o700);
    assert.ok(statSync(deep).isDirectory());
    if (process.platform !== 'win32') assert.equal(statSync(join(folder, 'a')).mode & 0o777, 0o700);
  });

  it('is refused below a file', () => {
    writeFileSync(join(folder, 'file'), '');
    assert.throws(() => makeDirectory(join(folder, 'file', 'below'), 0o700), { code: /ENOTDIR|ENOENT/ });
  });

  it('is refused where the system makes none', { skip: !existsSync('/proc/self') }, () => {
    assert.throws(() => makeDirectory('/proc/self/none/below', 0o700), { syscall: 'mkdir' });
  });
});
