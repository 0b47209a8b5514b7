// A cgroup of one's own, in a hierarchy that the test mounts itself. Needs root.
import assert from 'node:assert/strict';
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmdirSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { until } from '../../test/stories/fixtures/deadline.ts';
import { type Cgroup, createCgroup, inCgroup, openCgroup } from './cgroup.ts';
import { isAlive, type ProcessIdentity } from './process-identity.ts';
import { terminate } from './terminate.ts';

const skip = process.geteuid?.() !== 0 && 'only root can mount a cgroup2';
let root = '';
let name = 0;

function run(command: string, ...args: string[]): void {
  const { status, stderr, error } = spawnSync(command, args, { encoding: 'utf8' });
  assert.equal(status, 0, `${command} ${args.join(' ')}: ${error?.message ?? stderr}`);
}

const make = (under = root): Cgroup => createCgroup(`kindred-test-${process.pid}-${name++}`, { under });

function start(cgroup: Cgroup, command: string, ...args: string[]): ChildProcess {
  const wrapped = inCgroup(cgroup.directory, command, args);
  return spawn(wrapped.command, wrapped.args, { stdio: ['ignore', 'pipe', 'pipe'], detached: true });
}

/** Members that run `sleep`: who starts them has done it. */
const sleepers = (cgroup: Cgroup): ProcessIdentity[] =>
  cgroup.members().filter(({ pid }) => {
    try {
      return readFileSync(`/proc/${pid}/comm`, 'utf8') === 'sleep\n';
    } catch {
      return false;
    }
  });

/** Starts processes that get away: by setsid, and by the end of their parent. */
const scatter =
  'setsid sleep 1000 & (sleep 1001 &) ; setsid sh -c "sleep 1002 & sleep 1003 &" ; exec sleep 1004';

describe('a cgroup', { skip }, () => {
  before(() => {
    root = mkdtempSync(join(tmpdir(), 'kindred-cgroup-'));
    run('mount', '-t', 'cgroup2', 'none', root);
  });
  after(() => {
    run('umount', root);
    rmdirSync(root);
  });

  it('holds a program and all that it starts, and kills them in one stroke', async () => {
    const cgroup = make();
    const child = start(cgroup, 'sh', '-c', scatter);
    const exited = once(child, 'exit');
    await until('all sleep', () => sleepers(cgroup).length === 5);
    const members = cgroup.members();
    await cgroup.remove();
    assert.deepEqual(
      members.filter((member) => isAlive(member)),
      [],
    );
    assert.equal(existsSync(cgroup.directory), false);
    assert.deepEqual(await exited, [null, 'SIGKILL']);
  });

  it('hands arguments on as they are', async () => {
    const cgroup = make();
    const odd = ['$HOME', 'a b', '"; exit 9', '*', '', '-n', "'"];
    const child = start(cgroup, 'printf', '%s|', ...odd);
    const said = (await child.stdout?.setEncoding('utf8').toArray())?.join('');
    assert.equal(said, odd.map((each) => `${each}|`).join(''));
    await cgroup.remove();
  });

  it('is told by its exit code where a program is missing, or is not let in', async () => {
    const cgroup = make();
    assert.deepEqual(await once(start(cgroup, 'no-such-program'), 'exit'), [127, null]);
    await cgroup.remove();
    assert.deepEqual(await once(start(cgroup, 'sh', '-c', 'exit 0'), 'exit'), [125, null]);
  });

  it('takes a process that runs already, and says where it has ended', async () => {
    const cgroup = make();
    const child = spawn('sleep', ['1000']);
    assert.equal(cgroup.add(child.pid as number), true);
    assert.deepEqual(
      cgroup.members().map(({ pid }) => pid),
      [child.pid],
    );
    const exited = once(child, 'exit');
    await cgroup.remove();
    await exited;
    const other = make();
    assert.equal(other.add(child.pid as number), false);
    await other.remove();
  });

  it('waits until it is empty, no longer than it may, and names who is left', async () => {
    const cgroup = make();
    await cgroup.empty();
    const child = start(cgroup, 'sleep', '1000');
    await until('it sleeps', () => sleepers(cgroup).length === 1);
    await assert.rejects(cgroup.empty({ timeoutMs: 5 }), {
      code: 'ERR_TIMEOUT',
      message: new RegExp(`process ${child.pid}$`),
    });
    await assert.rejects(cgroup.empty({ signal: AbortSignal.abort() }), { code: 'ERR_CANCELLED' });
    await cgroup.remove();
    await cgroup.empty();
  });

  it('is made again where an earlier run has left it empty, and refused where somebody is in it', async () => {
    const cgroup = make();
    const last = cgroup.directory.slice(root.length + 1);
    assert.equal(createCgroup(last, { under: root }).directory, cgroup.directory);
    start(cgroup, 'sleep', '1000');
    await until('it sleeps', () => sleepers(cgroup).length === 1);
    assert.throws(() => createCgroup(last, { under: root }), {
      code: 'ERR_BAD_ARGUMENT',
      message: /is in use/,
    });
    await openCgroup(cgroup.directory).remove();
  });

  it('is removed with those below it', async () => {
    const cgroup = make();
    const inner = make(cgroup.directory);
    start(inner, 'sleep', '1000');
    await until('it sleeps', () => sleepers(cgroup).length === 1);
    await cgroup.remove();
    assert.equal(existsSync(cgroup.directory), false);
  });

  it('refuses to kill the process that asks for it', async () => {
    const cgroup = make();
    const home = /^0::(.*)$/m.exec(readFileSync('/proc/self/cgroup', 'utf8'))?.[1] ?? '/';
    cgroup.add(process.pid);
    try {
      assert.throws(() => cgroup.kill(), { code: 'ERR_BAD_ARGUMENT', message: /this process is in/ });
    } finally {
      writeFileSync(join(root, home, 'cgroup.procs'), String(process.pid));
    }
    await cgroup.remove();
  });

  it('cannot be made where it is not delegated, nor by a name that leads elsewhere, nor in another file system', () => {
    process.seteuid?.(65534);
    try {
      assert.throws(() => make(), { code: 'ERR_NOT_PERMITTED', message: /must be delegated/ });
    } finally {
      process.seteuid?.(0);
    }
    for (const bad of ['', '.', '..', 'a/b', 'cgroup.kill'])
      assert.throws(() => createCgroup(bad, { under: root }), { code: 'ERR_BAD_ARGUMENT' });
    const folder = join(tmpdir(), `kindred-none-${process.pid}`);
    mkdirSync(folder);
    assert.throws(() => openCgroup(folder), { code: 'ERR_NOT_SUPPORTED', message: /no cgroup.kill/ });
    rmdirSync(folder);
  });

  for (const tree of [true, 'cgroup'] as const)
    it(`ends with the child that was started in it, tree: ${tree}`, async () => {
      const cgroup = make();
      const child = start(cgroup, 'sh', '-c', scatter);
      await until('all sleep', () => sleepers(cgroup).length === 5);
      const members = cgroup.members();
      assert.deepEqual(await terminate(child, { tree, cgroup }), {
        exitCode: null,
        signal: 'SIGTERM',
        survivors: [],
      });
      assert.deepEqual(
        members.filter((member) => isAlive(member)),
        [],
      );
      await cgroup.remove();
    });

  it('is killed with all who ignore that they are asked', async () => {
    const cgroup = make();
    const child = start(cgroup, 'sh', '-c', `trap "" TERM; ${scatter}`);
    await until('all sleep', () => sleepers(cgroup).length === 5);
    const { signal, survivors } = await terminate(child, { tree: true, cgroup, graceMs: 50 });
    assert.deepEqual({ signal, survivors }, { signal: 'SIGKILL', survivors: [] });
    await cgroup.empty();
    await cgroup.remove();
  });
});
