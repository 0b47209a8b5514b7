import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { describe, it } from 'node:test';
import { identityOfProcess, isAlive } from '../../process/process-identity.ts';
import type { ProcessStat, ProcessSystem } from '../../process/process-system.ts';
import { endAll, findMarked, findMembers, markOf } from './leftovers.ts';

const boot = 'this boot';
const system: ProcessSystem = { kill() {}, stat: () => undefined, all: () => [], bootId: () => boot };

function stat(pid: number, more: Partial<ProcessStat>): ProcessStat {
  return { pid, parent: 1, group: pid, session: pid, started: 100, stopped: false, ended: false, ...more };
}

describe('what a process has left', () => {
  const leader = { pid: 7, started: 50, boot };
  const pidsOf = (all: ProcessStat[], of = leader): number[] =>
    findMembers(of, all, system).map(({ pid }) => pid);

  it('are the members of its session and of its group', () => {
    assert.deepEqual(pidsOf([stat(8, { session: 7 }), stat(9, { group: 7 }), stat(10, {})]), [8, 9]);
  });

  it('is none that has ended, is older, or of another boot', () => {
    assert.deepEqual(
      pidsOf([stat(8, { session: 7, ended: true }), stat(9, { session: 7, started: 49 })]),
      [],
    );
    assert.deepEqual(pidsOf([stat(8, { session: 7 })], { ...leader, boot: 'another' }), []);
  });

  it('is none of a session whose number another process has now', () => {
    assert.deepEqual(pidsOf([stat(7, { started: 90 }), stat(8, { session: 7 })]), []);
  });
});

describe('a process that carries the mark of a keeper', { skip: process.platform !== 'linux' }, () => {
  it('is found by it, also in a session of its own, and ended', async () => {
    const directory = `/nowhere/${process.pid}`;
    const child = spawn('setsid', ['sleep', '600'], {
      env: { PATH: process.env['PATH'], ...markOf(directory, 'a.1#1') },
      stdio: 'ignore',
    });
    const exited = once(child, 'exit');
    const { pid } = identityOfProcess(child.pid as number);
    const find = (isMeant?: (id: string) => boolean): number[] =>
      findMarked(directory, isMeant).map((found) => found.pid);
    assert.deepEqual(find(), [pid]);
    assert.deepEqual(
      find((id) => id !== 'a.1#1'),
      [],
    );
    assert.deepEqual(findMarked(`${directory}0`), []);
    await endAll(() => findMarked(directory), 5000);
    assert.deepEqual(await exited, [null, 'SIGTERM']);
    assert.equal(isAlive({ pid }), false);
  });

  it('is never the one that looks, nor one that it descends from', async () => {
    const directory = `/nowhere/else/${process.pid}`;
    const module = new URL('leftovers.ts', import.meta.url).href;
    const program = `import(${JSON.stringify(module)}).then((it) => console.log(it.findMarked(${JSON.stringify(directory)})))`;
    // The shell carries it, too, and waits.
    const shell = spawn(
      'sh',
      ['-c', '"$@"; exit $?', 'sh', process.execPath, ...process.execArgv, '-e', program],
      {
        env: { ...process.env, ...markOf(directory, 'a.1#1') },
        stdio: ['ignore', 'pipe', 'inherit'],
      },
    );
    let said = '';
    shell.stdout.on('data', (chunk) => {
      said += String(chunk);
    });
    await once(shell, 'close');
    assert.equal(said, '[]\n');
  });
});
