// What is no Node.js dies with its parent by `setpriv`.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { Worker } from 'node:worker_threads';
import { fork, spawn } from '../../src/process/index.ts';
import type { Births } from './fixtures/begetter.ts';
import { until, within } from './fixtures/deadline.ts';
import { fixture } from './fixtures/programs.ts';
import { isAlive, onStage, type Stage } from './fixtures/stage.ts';

const ended = (pid: number): Promise<void> => until(`process ${pid} has ended`, () => !isAlive(pid));

async function parentOf(stage: Stage, births: Births): Promise<{ pid: number; children: number[] }> {
  const { pid = 0 } = fork(fixture('begetter.ts'), [JSON.stringify(births)], {
    env: stage.env,
    channel: 'none',
  });
  stage.watch(pid);
  const children = (await stage.nextPlayer()).news['pids'] as number[];
  for (const child of children) stage.watch(child);
  return { pid, children };
}

const nameOf = (pid: number): string => readFileSync(`/proc/${pid}/comm`, 'utf8').trim();

test('sleep ends when its parent is killed, and so does what ignores every signal that can be ignored', () =>
  onStage(async (stage) => {
    // It stays one process: what it would start is nobody's to end.
    const deaf = 'trap "" TERM HUP INT; exec tail -f /dev/null';
    const { pid, children } = await parentOf(stage, {
      children: [
        { program: 'sleep', args: ['1000'] },
        { program: 'sh', args: ['-c', deaf] },
      ],
    });
    for (const child of children) await until('it runs', () => ['sleep', 'tail'].includes(nameOf(child)));
    assert.deepEqual(children.map(nameOf), ['sleep', 'tail']);
    process.kill(pid, 'SIGKILL');
    for (const child of children) await ended(child);
  }));

test('a line of the shell ends when the parent is killed', () =>
  onStage(async (stage) => {
    const { pid, children } = await parentOf(stage, {
      children: [{ program: 'while :; do :; done', by: 'line' }],
    });
    const [shell = 0] = children;
    await until('it runs', () => nameOf(shell) === 'sh');
    process.kill(pid, 'SIGKILL');
    await ended(shell);
  }));

test(
  'a child of another user ends when its parent is killed, be it Node.js or not',
  {
    skip: process.geteuid?.() !== 0 && 'only root can start one',
  },
  () =>
    onStage(async (stage) => {
      const nobody = { uid: 65534, gid: 65534 };
      const { pid, children } = await parentOf(stage, {
        children: [
          { program: 'sleep', args: ['1000'], ...nobody },
          { program: process.execPath, args: ['-e', 'setInterval(() => {}, 1000)'], ...nobody },
        ],
      });
      const userOf = (child: number): string =>
        /^Uid:\t(\d+)/m.exec(readFileSync(`/proc/${child}/status`, 'utf8'))?.[1] ?? '';
      for (const child of children)
        await until('it runs', () => userOf(child) === '65534' && nameOf(child) !== 'setpriv');
      process.kill(pid, 'SIGKILL');
      for (const child of children) await ended(child);
    }),
);

test('a program that is to survive does', () =>
  onStage(async (stage) => {
    const { pid, children } = await parentOf(stage, {
      children: [
        { program: 'sleep', args: ['1000'], onParentDeath: 'survive' },
        { program: 'sleep', args: ['1000'] },
      ],
    });
    process.kill(pid, 'SIGKILL');
    await ended(children[1] as number);
    assert.ok(isAlive(children[0] as number));
    process.kill(children[0] as number, 'SIGKILL');
  }));

test('a program that a thread has started survives the end of the thread', () =>
  onStage(async (stage) => {
    const births: Births = { children: [{ program: 'sleep', args: ['1000'] }] };
    const worker = new Worker(fixture('begetter.ts'), { env: stage.env, workerData: births });
    const [pid] = await new Promise<number[]>((resolve) => worker.once('message', resolve));
    stage.watch(pid as number);
    await worker.terminate();
    // A signal of the kernel would have come with the end of the thread, before this one.
    process.kill(pid as number, 'SIGTERM');
    await ended(pid as number);
  }));

test('a program that is not there, and one that may not be run, are told as ever', async () => {
  for (const [command, code] of [
    ['no-such-program', 'ENOENT'],
    ['/no/such/program', 'ENOENT'],
    ['/etc/passwd', 'EACCES'],
  ] as const) {
    const child = spawn(command, [], { channel: 'none', onParentDeath: 'die' });
    await assert.rejects(child.exited, (error: Error) => {
      assert.equal((error.cause as NodeJS.ErrnoException).code, code);
      return true;
    });
  }
});

test('arguments, environment, working directory and exit code are as they are without it', async () => {
  const script =
    'test "$0" = "a b" && test "$1" = \'$(false); "\' && test "$ODD" = yes && test "$PWD" = / && exit 7';
  const child = spawn('sh', ['-c', script, 'a b', '$(false); "'], {
    channel: 'none',
    onParentDeath: 'die',
    env: { ODD: 'yes', PATH: process.env['PATH'] },
    cwd: '/',
  });
  assert.deepEqual(await within('it ends', child.exited), { exitCode: 7, signal: null });
});
