import assert from 'node:assert/strict';
import {
  chmodSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import { pathToFileURL } from 'node:url';
import { readSecret, type Secret } from './secret.ts';

const folder = mkdtempSync(join(tmpdir(), 'kindred-secret-'));
after(() => rmSync(folder, { recursive: true }));
let count = 0;
const fresh = (): string => join(folder, `secret-${++count}`);
const written = (text: string | Uint8Array, mode = 0o600): string => {
  const path = fresh();
  writeFileSync(path, text, { mode });
  chmodSync(path, mode);
  return path;
};
const read = (secret: Secret, mayCreate = false): string =>
  Buffer.from(readSecret('secret', secret, mayCreate)).toString('latin1');
const long = 'x'.repeat(32);

describe('a secret', () => {
  it('is a string, bytes, or a file without the line ends behind it', () => {
    assert.equal(read(long), long);
    assert.equal(read(Buffer.from(long)), long);
    assert.equal(read({ file: written(`${long}\r\n\n`) }), long);
    assert.equal(read({ file: pathToFileURL(written(long)) }), long);
    const link = fresh();
    symlinkSync(written(long), link);
    assert.equal(read({ file: link }), long);
  });

  it('has 16 bytes or more, and is refused by number otherwise', () => {
    assert.equal(read('x'.repeat(16)).length, 16);
    for (const secret of ['', 'x'.repeat(15), new Uint8Array(15), { file: written(`${'x'.repeat(15)}\n`) }])
      assert.throws(() => read(secret), {
        code: 'ERR_BAD_ARGUMENT',
        message: /has (0|15) bytes: give 16 or more/,
      });
    assert.equal(read('\u20ac'.repeat(6)).length, 18);
  });

  it('is nothing else', () => {
    for (const secret of [null, 7, {}, { file: '' }, { file: 7 }, []])
      assert.throws(() => read(secret as unknown as Secret), { code: 'ERR_BAD_ARGUMENT' });
  });
});

describe('a file with a secret', { skip: process.platform === 'win32' }, () => {
  it('is refused where anybody else has any right to it', () => {
    for (const mode of [0o604, 0o602, 0o640, 0o620, 0o601])
      assert.throws(() => read({ file: written(long, mode) }), {
        code: 'ERR_UNSAFE_FILE',
        message: new RegExp(`has mode 0${mode.toString(8)}`),
      });
    assert.equal(read({ file: written(long, 0o400) }), long);
  });

  it('is refused where it belongs to another user', (t) => {
    const file = written(long);
    t.mock.method(process as { geteuid(): number }, 'geteuid', () => statSync(file).uid + 1);
    assert.throws(() => read({ file }), { code: 'ERR_UNSAFE_FILE', message: /belongs to user/ });
  });

  it('is refused where it is no file, or more than one would write', () => {
    assert.throws(() => read({ file: folder }), { code: 'ERR_UNSAFE_FILE' });
    assert.throws(() => read({ file: '/dev/zero' }), { code: 'ERR_UNSAFE_FILE' });
    assert.throws(() => read({ file: written('x'.repeat(4097)) }), {
      code: 'ERR_UNSAFE_FILE',
      message: /more than 4096 bytes/,
    });
    assert.equal(read({ file: written('x'.repeat(4096)) }).length, 4096);
  });

  it('is made by whoever serves and says so, private and random, and is kept', () => {
    const [file, other] = [fresh(), fresh()];
    const made = read({ file, create: true }, true);
    assert.match(made, /^[0-9a-f]{64}$/);
    assert.equal(readFileSync(file, 'utf8'), `${made}\n`);
    assert.equal(statSync(file).mode & 0o7777, 0o600);
    assert.equal(read({ file, create: true }, true), made);
    assert.equal(read({ file }), made);
    assert.notEqual(read({ file: other, create: true }, true), made);
    assert.deepEqual(
      readdirSync(folder).filter((name) => name.endsWith('.new')),
      [],
    );
  });

  it('is never made by whoever connects: where it is missing, its server is not there yet', () => {
    const file = fresh();
    assert.throws(() => read({ file, create: true }), { code: 'ERR_NOT_REACHABLE', retryable: true });
    assert.throws(() => read({ file }, true), { code: 'ERR_BAD_ARGUMENT', message: /create: true/ });
    assert.throws(() => read({ file: join(folder, 'none', 'x'), create: true }, true), {
      code: 'ERR_UNSAFE_FILE',
    });
  });
});
