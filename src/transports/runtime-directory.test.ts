import assert from 'node:assert/strict';
import { chownSync, mkdirSync, mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import {
  checkRuntimeDirectory,
  ensureRuntimeDirectory,
  runtimeDirectory,
  type Surroundings,
} from './runtime-directory.ts';

const around = (more: Partial<Surroundings>): Surroundings => ({
  env: {},
  uid: 1000,
  platform: 'linux',
  tmpdir: '/somewhere/T',
  ...more,
});

test('the directory follows from the user id alone', () => {
  assert.equal(runtimeDirectory(around({ uid: 0 })), '/run/kindred');
  assert.equal(runtimeDirectory(around({})), '/tmp/kindred-1000');
  assert.equal(
    runtimeDirectory(
      around({ env: { XDG_RUNTIME_DIR: '/run/user/1000', TMPDIR: '/other', HOME: '/users/a' } }),
    ),
    '/tmp/kindred-1000',
  );
  assert.equal(runtimeDirectory(around({ platform: 'darwin' })), '/somewhere/T/kindred-1000');
});

test('KINDRED_RUNTIME_DIR wins where it is an absolute path', () => {
  assert.equal(runtimeDirectory(around({ env: { KINDRED_RUNTIME_DIR: '/srv/run' } })), '/srv/run');
  assert.equal(runtimeDirectory(around({ env: { KINDRED_RUNTIME_DIR: '' } })), '/tmp/kindred-1000');
  assert.throws(() => runtimeDirectory(around({ env: { KINDRED_RUNTIME_DIR: 'run' } })), {
    code: 'ERR_BAD_ADDRESS',
    message: /"run": give an absolute path/,
  });
});

test('it is made for its owner alone, whatever the umask; a missing one is told apart from a bad one', () => {
  const parent = mkdtempSync(join(tmpdir(), 'kindred-runtime-'));
  const directory = join(parent, 'deep', 'run');
  const before = process.umask(0);
  try {
    assert.equal(checkRuntimeDirectory(directory), false);
    ensureRuntimeDirectory(directory);
    ensureRuntimeDirectory(directory);
    assert.equal(statSync(directory).mode & 0o7777, 0o700);
    assert.equal(checkRuntimeDirectory(directory), true);
  } finally {
    process.umask(before);
    rmSync(parent, { recursive: true });
  }
});

test('one that belongs to somebody else is refused, naming both users', (t) => {
  if (process.geteuid?.() !== 0) return t.skip('only root can give a directory away');
  const directory = mkdtempSync(join(tmpdir(), 'kindred-runtime-'));
  chownSync(directory, 12345, -1);
  const error = {
    code: 'ERR_UNSAFE_DIRECTORY',
    message: new RegExp(`${directory} belongs to user 12345, not to user 0 \\(mode 0700\\)`),
  };
  assert.throws(() => ensureRuntimeDirectory(directory), error);
  assert.throws(() => checkRuntimeDirectory(directory), error);
  rmSync(directory, { recursive: true });
});

test('one that cannot be made is refused with the reason and the mend', () => {
  const parent = mkdtempSync(join(tmpdir(), 'kindred-runtime-'));
  mkdirSync(join(parent, 'a'));
  assert.throws(() => ensureRuntimeDirectory('/dev/null/run'), {
    code: 'ERR_UNSAFE_DIRECTORY',
    message: /cannot be made: a part of the path is no directory \(ENOTDIR\); set KINDRED_RUNTIME_DIR/,
  });
  rmSync(parent, { recursive: true });
});
