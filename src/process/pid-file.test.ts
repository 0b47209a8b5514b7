import assert from 'node:assert/strict';
import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import { type Program, startProgram } from '../../test/suites/program.ts';
import { readPidFile, writePidFile } from './pid-file.ts';
import { identityOfProcess } from './process-identity.ts';

const folders: string[] = [];
after(() => {
  for (const folder of folders) rmSync(folder, { recursive: true });
});

/** A path in a folder of its own. */
function place(): { folder: string; path: string } {
  const folder = mkdtempSync(join(tmpdir(), 'kindred-pid-'));
  folders.push(folder);
  return { folder, path: join(folder, 'app.pid') };
}

const holder = new URL('../../test/programs/pid-file-holder.ts', import.meta.url);

/** Another process, which holds the file when it has said so. */
async function holding(path: string): Promise<Program> {
  const program = startProgram(holder, [path]);
  assert.equal(await program.line(), 'held');
  return program;
}

const onLinux = process.platform === 'linux';
const self = identityOfProcess(process.pid);
/** The pid of a live process that is a later one. */
const reused = `${process.ppid}\nstarted=1\n`;

describe('a pid file', () => {
  it('says the pid on its first line, for everybody to read, and which process that is', () => {
    const { folder, path } = place();
    const umask = process.umask(0o077);
    const file = writePidFile(path);
    process.umask(umask);
    assert.match(readFileSync(path, 'utf8'), new RegExp(`^${process.pid}\\n`));
    assert.equal(statSync(path).mode & 0o777, 0o644);
    assert.deepEqual(file.identity, self);
    assert.deepEqual(readPidFile(path), self);
    assert.deepEqual(readdirSync(folder), ['app.pid']);
    file.remove();
    assert.deepEqual(readdirSync(folder), []);
  });

  it('has the mode that is asked for', () => {
    const { path } = place();
    const file = writePidFile(path, { mode: 0o600 });
    assert.equal(statSync(path).mode & 0o777, 0o600);
    file.remove();
  });

  it('of another live process is refused, with its pid', async () => {
    const { path } = place();
    const other = await holding(path);
    assert.throws(() => writePidFile(path), {
      code: 'ERR_ALREADY_RUNNING',
      message: new RegExp(`held by process ${other.pid}`),
      data: { pid: other.pid },
    });
    assert.equal(readPidFile(path)?.pid, other.pid);
    await other.kill();
  });

  it('of a process that was killed is replaced', async () => {
    const { folder, path } = place();
    const other = await holding(path);
    await other.kill();
    assert.equal(readPidFile(path)?.pid, other.pid);
    const file = writePidFile(path);
    assert.deepEqual(readPidFile(path), self);
    assert.deepEqual(readdirSync(folder), ['app.pid']);
    file.remove();
  });

  it('of a dead process is not taken for one of the live process that has its pid now', {
    skip: !onLinux && 'the system does not tell when a process has started',
  }, () => {
    const { path } = place();
    writeFileSync(path, reused);
    writePidFile(path).remove();
  });

  it('of another program, with the pid alone, holds for as long as there is such a process', () => {
    const { path } = place();
    for (const text of [`${process.ppid}\n`, `${process.ppid}`, `  ${process.ppid} \n`]) {
      writeFileSync(path, text);
      assert.throws(() => writePidFile(path), { code: 'ERR_ALREADY_RUNNING' });
    }
  });

  it('with the pid of this process, from before its container was started again, is replaced', () => {
    const { path } = place();
    writeFileSync(path, `${process.pid}\n`);
    writePidFile(path).remove();
  });

  it('that was written for this process already is kept', () => {
    const { path } = place();
    writePidFile(path, { mode: 0o600 });
    const again = writePidFile(path);
    assert.equal(statSync(path).mode & 0o777, 0o600);
    again.remove();
    assert.equal(readPidFile(path), undefined);
  });

  it('that is empty is replaced, and one that is none is left alone', () => {
    const { path } = place();
    writeFileSync(path, '');
    writePidFile(path).remove();
    for (const text of ['root:x:0:0\n', '-1\n', '0\n', '12 34\n', '99999999999\n']) {
      writeFileSync(path, text);
      assert.throws(() => writePidFile(path), { code: 'ERR_BAD_ARGUMENT', message: /is no pid file/ }, text);
      assert.equal(readFileSync(path, 'utf8'), text);
    }
  });

  it('is never written through a link', () => {
    const { folder, path } = place();
    const victim = join(folder, 'victim');
    symlinkSync(victim, path);
    const file = writePidFile(path);
    assert.deepEqual(readdirSync(folder), ['app.pid']);
    file.remove();
  });

  it('cannot be where there is no folder, or is one', () => {
    const { folder, path } = place();
    assert.throws(() => writePidFile(join(folder, 'none', 'app.pid')), { code: 'ENOENT' });
    mkdirSync(path);
    assert.throws(() => writePidFile(path), { code: 'EISDIR' });
    assert.deepEqual(readdirSync(folder), ['app.pid']);
  });
});

describe('at its end a process', () => {
  it('removes its pid file', async () => {
    const { folder, path } = place();
    const other = await holding(path);
    other.child.stdin?.end();
    assert.equal(await other.exited, 0);
    assert.deepEqual(readdirSync(folder), []);
  });

  it('leaves a pid file that is no longer its own', async () => {
    const { path } = place();
    const other = await holding(path);
    writeFileSync(path, reused);
    other.child.stdin?.end();
    assert.equal(await other.exited, 0);
    assert.equal(readFileSync(path, 'utf8'), reused);
  });
});

describe('of many that start at once', () => {
  const starters = 6;

  for (const left of ['nothing', 'the file of a dead process'])
    it(`one holds the file, where there was ${left}`, async () => {
      const { folder, path } = place();
      const programs = Array.from({ length: starters }, () => startProgram(holder, [path, 'on order']));
      for (let round = 0; round < 40; round++) {
        if (left !== 'nothing') writeFileSync(path, onLinux ? reused : '');
        for (const { child } of programs) child.stdin?.write('claim\n');
        const outcomes = await Promise.all(programs.map((program) => program.line()));
        assert.deepEqual(
          outcomes.toSorted(),
          ['held', ...Array.from({ length: starters - 1 }, () => 'refused')],
          `round ${round}`,
        );
        assert.equal(readPidFile(path)?.pid, programs[outcomes.indexOf('held')]?.pid);
        assert.deepEqual(readdirSync(folder), ['app.pid']);
        for (const { child } of programs) child.stdin?.write('leave\n');
        for (const program of programs) assert.equal(await program.line(), 'left');
      }
      for (const { child } of programs) child.stdin?.end();
      for (const { exited } of programs) assert.equal(await exited, 0);
    });
});

describe('a successor that has not come to an end', () => {
  const [pid = '', started = '', boot = ''] = reused.match(/[\da-f-]{36}|\d+/g) ?? [];
  const nextOf = (path: string): string =>
    `${path}.${[pid, started, boot].filter((part) => part !== '').join('-')}.next`;

  it('has the file, while it lives', { skip: !onLinux }, async () => {
    const { path } = place();
    const other = await holding(path);
    renameSync(path, nextOf(path));
    writeFileSync(path, reused);
    assert.throws(() => writePidFile(path), { code: 'ERR_ALREADY_RUNNING', data: { pid: other.pid } });
    assert.equal(readFileSync(path, 'utf8'), reused);
    await other.kill();
  });

  it('is followed, when it is dead', { skip: !onLinux }, async () => {
    const { folder, path } = place();
    const other = await holding(path);
    await other.kill();
    renameSync(path, nextOf(path));
    writeFileSync(path, reused);
    writeFileSync(`${path}.4194000.00000000.new`, '');
    const file = writePidFile(path);
    assert.deepEqual(readdirSync(folder), ['app.pid']);
    assert.equal(readPidFile(path)?.pid, process.pid);
    file.remove();
  });
});
