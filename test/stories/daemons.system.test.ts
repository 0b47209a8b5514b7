/** A daemon outlives the terminal that it was started from, and a full disk. Needs root, script and unshare. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { mkdirSync, readFileSync, statSync, truncateSync } from 'node:fs';
import { join } from 'node:path';
import { it } from 'node:test';
import { thisSystem } from '../../src/process/process-system.ts';
import { until } from './fixtures/deadline.ts';
import { fixture } from './fixtures/programs.ts';
import { isAlive, onStage } from './fixtures/stage.ts';

it('a daemon outlives the terminal that it was started from, and has none', () =>
  onStage(async (stage) => {
    const command = [process.execPath, fixture('starts-daemon.ts'), join(stage.dir, 'log')].join(' ');
    const terminal = spawn('script', ['--quiet', '--command', command, '/dev/null'], {
      stdio: 'ignore',
      env: stage.env,
    });
    stage.watch(terminal.pid as number);
    const daemon = await stage.nextPlayer();
    await daemon.ask('be ready');
    const starter = await stage.nextPlayer();
    assert.notEqual(thisSystem.stat(starter.pid)?.session, daemon.pid);
    // Nobody holds the other side of it any more: the system hangs up.
    terminal.kill('SIGKILL');
    await until('the starter has ended', () => !isAlive(starter.pid));
    assert.equal(await daemon.ask('are you there'), 'yes');
    assert.equal(thisSystem.stat(daemon.pid)?.session, daemon.pid);
    process.kill(daemon.pid, 'SIGTERM');
  }));

it('a daemon lives on while there is no room for its log, and is heard again when there is', () =>
  onStage(async (stage) => {
    // A disk of its own, which goes with the last process that sees it.
    const script = 'mount -t tmpfs -o size=64k tmpfs "$0"; exec "$@"';
    const small = join(stage.dir, 'small');
    mkdirSync(small);
    const command = [process.execPath, fixture('starts-daemon.ts'), join(small, 'log'), 'and ends'];
    const starter = spawn('unshare', ['--mount', 'sh', '-ec', script, small, ...command], {
      stdio: ['ignore', 'inherit', 'inherit'],
      env: stage.env,
    });
    stage.watch(starter.pid as number);
    const daemon = await stage.nextPlayer();
    await daemon.ask('be ready');
    const log = join(`/proc/${daemon.pid}/root`, small, 'log');
    await daemon.ask('print 200 KB');
    assert.equal(statSync(log).size, 64 * 1024);
    assert.equal(await daemon.ask('are you there'), 'yes');
    truncateSync(log);
    await daemon.ask('print a line');
    assert.equal(readFileSync(log, 'utf8'), 'a line\n');
    process.kill(daemon.pid, 'SIGTERM');
  }));
