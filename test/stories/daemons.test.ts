/** A daemon outlives whoever has started it, and one that does not become ready leaves nothing behind. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import type { KindredError } from '../../src/base/errors.ts';
import { daemonize, readPidFile } from '../../src/process/index.ts';
import { identityOfProcess, isAlive as isRunning } from '../../src/process/process-identity.ts';
import { thisSystem } from '../../src/process/process-system.ts';
import { until, within } from './fixtures/deadline.ts';
import { fixture } from './fixtures/programs.ts';
import { isAlive, onStage, type Stage } from './fixtures/stage.ts';

const program = fixture('daemon.ts');
const onPosix = { skip: process.platform === 'win32' && 'daemons end otherwise there' };
/** To its last thread: the others may run on for a moment when the first one has ended. */
const ended = (pid: number): Promise<void> => until(`process ${pid} has ended`, () => !isRunning({ pid }));

/** A program that starts a daemon, in a process group of its own, like one that a shell has started. */
function startStarter({ dir, env }: Stage, ...way: string[]): ReturnType<typeof spawn> {
  return spawn(
    process.execPath,
    [...process.execArgv, fixture('starts-daemon.ts'), join(dir, 'log'), ...way],
    {
      detached: true,
      stdio: ['ignore', 'ignore', 'inherit'],
      env,
    },
  );
}

describe('a daemon', onPosix, () => {
  for (const signal of ['SIGKILL', 'SIGHUP'] as const)
    it(`outlives the process that has started it, whose group is ended by ${signal}`, () =>
      onStage(async (stage) => {
        const starter = startStarter(stage);
        const exited = once(starter, 'exit');
        const daemon = await stage.nextPlayer();
        await daemon.ask('be ready');
        await stage.nextPlayer();
        process.kill(-(starter.pid as number), signal);
        await within('the starter ends', exited);
        assert.equal(await daemon.ask('are you there'), 'yes');
        if (process.platform === 'linux') {
          const { session, group } = thisSystem.stat(daemon.pid) ?? {};
          assert.deepEqual([session, group], [daemon.pid, daemon.pid]);
        }
        process.kill(daemon.pid, 'SIGTERM');
        await ended(daemon.pid);
        assert.equal(readFileSync(join(stage.dir, 'log'), 'utf8'), 'it begins\nit ends\n');
      }));

  it('does not keep the process that has started it', () =>
    onStage(async (stage) => {
      const starter = startStarter(stage, 'and ends');
      const exited = once(starter, 'exit');
      const daemon = await stage.nextPlayer();
      await daemon.ask('be ready');
      assert.deepEqual(await within('the starter ends', exited), [0, null]);
      assert.equal(await daemon.ask('are you there'), 'yes');
      process.kill(daemon.pid, 'SIGTERM');
    }));

  it('is there when it has said that it is ready, and not before', () =>
    onStage(async (stage) => {
      const pidFile = join(stage.dir, 'pid');
      let isThere = false;
      const starting = daemonize(program, [], { env: stage.env, pidFile }).finally(() => {
        isThere = true;
      });
      const player = await stage.nextPlayer();
      assert.equal(isThere, false);
      assert.equal(readPidFile(pidFile)?.pid, player.pid);
      assert.equal(await player.ask('be ready'), 'and has forgotten whom to tell');
      const daemon = await within('it is ready', starting);
      assert.deepEqual(daemon, { pid: player.pid, identity: identityOfProcess(player.pid) });
      process.kill(daemon.pid, 'SIGTERM');
      await ended(daemon.pid);
      assert.equal(existsSync(pidFile), false);
    }));

  it('has its output appended to files of its user, nothing on stdin, and / as its directory', () =>
    onStage(async (stage) => {
      const stdout = join(stage.dir, 'out');
      const stderr = join(stage.dir, 'err');
      writeFileSync(stdout, 'before\n', { mode: 0o640 });
      const starting = daemonize(program, [], { env: stage.env, stdout, stderr });
      const player = await stage.nextPlayer();
      assert.deepEqual(player.news, { cwd: '/', stdin: '' });
      await player.ask('be ready');
      const { pid } = await starting;
      process.kill(pid, 'SIGTERM');
      await ended(pid);
      assert.equal(readFileSync(stdout, 'utf8'), 'before\nit begins\nit ends\n');
      assert.equal(statSync(stdout).mode & 0o777, 0o640);
      assert.equal(statSync(stderr).mode & 0o777, 0o600);
    }));

  it('is of any language', () =>
    onStage(async (stage) => {
      const script =
        'fd=$(echo "$KINDRED_READY" | cut -d: -f2); echo STATUS=loading >&$fd; echo READY=1 >&$fd; exec sleep 600';
      const { pid } = await within('it is ready', daemonize('sh', ['-c', script]));
      stage.watch(pid);
      assert.ok(isAlive(pid));
      process.kill(pid, 'SIGKILL');
    }));

  it('is not started a second time while it lives; and when it was killed, it is', () =>
    onStage(async (stage) => {
      const pidFile = join(stage.dir, 'pid');
      const first = daemonize(program, [], { env: stage.env, pidFile });
      await (await stage.nextPlayer()).ask('be ready');
      const { pid } = await first;
      await assert.rejects(daemonize(program, [], { env: stage.env, pidFile }), {
        code: 'ERR_ALREADY_RUNNING',
        data: { pid },
      });
      process.kill(pid, 'SIGKILL');
      await ended(pid);
      const second = daemonize(program, [], { env: stage.env, pidFile });
      const player = await stage.nextPlayer();
      await player.ask('be ready');
      assert.equal((await second).pid, player.pid);
      assert.equal(readPidFile(pidFile)?.pid, player.pid);
      process.kill(player.pid, 'SIGTERM');
    }));
});

describe('a daemon that does not become ready', onPosix, () => {
  /** What daemonize says; nothing but the log may be left. */
  async function failure(stage: Stage, starting: Promise<unknown>): Promise<KindredError> {
    const error: unknown = await within(
      'it fails',
      starting.then(
        () => undefined,
        (reason: unknown) => reason,
      ),
    );
    assert.ok(error instanceof Error, 'it did not fail');
    assert.equal(existsSync(join(stage.dir, 'pid')), false, 'its pid file is left');
    return error as KindredError;
  }
  const filesOf = ({ dir }: Stage): { stdout: string; pidFile: string } => ({
    stdout: join(dir, 'log'),
    pidFile: join(dir, 'pid'),
  });

  it('because it fails is told with its exit code and the end of its stderr', () =>
    onStage(async (stage) => {
      const error = await failure(stage, daemonize(program, ['fail'], { env: stage.env, ...filesOf(stage) }));
      assert.equal(error.code, 'ERR_START_FAILED');
      assert.match(error.message, /^daemon\.ts did not become ready: it ended with exit code 3/);
      assert.match(error.message, /the end of its stderr:\n(?:noise\n)+there is no configuration$/);
      const { tail, ...how } = error.data as { tail: string };
      assert.deepEqual(how, { exitCode: 3, signal: null });
      assert.ok(tail.length <= 2048);
    }));

  it('because a signal ends it is told with the signal', () =>
    onStage(async (stage) => {
      const error = await failure(stage, daemonize(program, ['die'], { env: stage.env, ...filesOf(stage) }));
      assert.match(error.message, /it ended by SIGTERM/);
    }));

  it('in its time is ended', () =>
    onStage(async (stage) => {
      const files = filesOf(stage);
      const starting = daemonize('sleep', ['600'], { ...files, readyTimeoutMs: 200 });
      starting.catch(() => {});
      const { pid = 0 } = readPidFile(files.pidFile) ?? {};
      assert.ok(isAlive(pid));
      const error = await failure(stage, starting);
      assert.equal(error.code, 'ERR_START_FAILED');
      assert.match(error.message, /^sleep did not become ready: it said nothing for 200 ms/);
      assert.equal(isAlive(pid), false);
    }));

  it('because nobody waits for it any more is ended, with all that it has started', () =>
    onStage(async (stage) => {
      const giveUp = new AbortController();
      const starting = daemonize(program, ['child'], {
        env: stage.env,
        ...filesOf(stage),
        signal: giveUp.signal,
      });
      starting.catch(() => {});
      const pids = [(await stage.nextPlayer()).pid, (await stage.nextPlayer()).pid];
      giveUp.abort();
      assert.equal((await failure(stage, starting)).code, 'ERR_CANCELLED');
      for (const pid of pids) await ended(pid);
    }));

  it('although it ends leaves no child of its own', () =>
    onStage(async (stage) => {
      const starting = daemonize(program, ['child'], { env: stage.env, ...filesOf(stage) });
      starting.catch(() => {});
      const players = [await stage.nextPlayer(), await stage.nextPlayer()];
      process.kill(players.find(({ news }) => news['stubborn'] !== true)?.pid as number, 'SIGKILL');
      assert.match((await failure(stage, starting)).message, /it ended by SIGKILL/);
      for (const { pid } of players) await ended(pid);
    }));

  it('because it closes the line is ended', () =>
    onStage(async (stage) => {
      const error = await failure(
        stage,
        daemonize('sh', ['-c', 'exec 3>&-; exec sleep 600'], filesOf(stage)),
      );
      assert.match(error.message, /it closed its descriptor 3 without a line READY=1/);
    }));

  it('because there is no such program, or no such directory, is told', () =>
    onStage(async (stage) => {
      const missing = await failure(stage, daemonize('no-program-of-that-name', [], filesOf(stage)));
      assert.equal(missing.code, 'ERR_COMMAND_NOT_FOUND');
      const nowhere = await failure(
        stage,
        daemonize(program, [], { ...filesOf(stage), cwd: join(stage.dir, 'none') }),
      );
      assert.equal(nowhere.code, 'ERR_BAD_CWD');
    }));

  it('because its log cannot be opened is not started', () =>
    onStage(async (stage) => {
      const error = await failure(stage, daemonize(program, [], { stdout: join(stage.dir, 'none', 'log') }));
      assert.equal((error as { code: string }).code, 'ENOENT');
    }));
});
