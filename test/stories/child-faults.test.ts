// What goes wrong with children, and what must not be left of it.
import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import type { Socket } from 'node:net';
import { describe, it } from 'node:test';
import { execFile, fork, spawn } from '../../src/process/index.ts';
import { until, within } from './fixtures/deadline.ts';
import { fixture } from './fixtures/programs.ts';
import { isAlive } from './fixtures/stage.ts';

const MiB = 1024 * 1024;
/** `npm run soak -- children` asks for more. */
const soak = Number(process.env['KINDRED_SOAK'] ?? 1);
const hasProc = existsSync('/proc/self/fd');
const flood = fixture('flooding.js');

describe('a child that floods its stdout', () => {
  const flooded = 50 * soak * MiB;

  it('stands still where nobody reads, and all of it arrives once somebody does', async (t) => {
    const child = spawn(process.execPath, [flood, String(flooded)]);
    const stdout = child.stdout as Socket;
    await until('the pipe is full', () => stdout.readableLength >= stdout.readableHighWaterMark);
    const given = stdout.bytesRead;
    // It has all the time it wants: another child is started and ended meanwhile.
    assert.equal((await execFile(process.execPath, ['--version'])).ok, true);
    assert.equal(stdout.bytesRead, given);
    let read = 0;
    // In the first half the heap finds its size.
    const most = [0, 0];
    for await (const chunk of stdout) {
      const half = read < flooded / 2 ? 0 : 1;
      read += (chunk as Buffer).length;
      most[half] = Math.max(most[half] ?? 0, process.memoryUsage.rss());
    }
    assert.equal(read, flooded);
    const [first = 0, second = 0] = most.map((bytes) => bytes / MiB);
    t.diagnostic(
      `${flooded / MiB} MiB read; this process had at most ${first.toFixed()} MiB in the first half, ${second.toFixed()} in the second`,
    );
    assert.ok(second - first < 32, `this process grew by ${second - first} MiB`);
    assert.deepEqual(await child.exited, { exitCode: 0, signal: null });
  });

  it('is ended where more than maxBuffer was to be kept, and no more is kept', async () => {
    const outcome = await execFile(process.execPath, [flood, String(flooded)], { maxBuffer: MiB });
    assert.equal(outcome.truncated, true);
    assert.equal(outcome.stdout.length, MiB);
    assert.notDeepEqual([outcome.exitCode, outcome.signal], [0, null]);
  });

  it('costs nothing where nobody wants its output', async () => {
    const before = process.memoryUsage.rss();
    const child = spawn(process.execPath, [flood, String(flooded)], { stdio: 'ignore' });
    assert.deepEqual(await child.exited, { exitCode: 0, signal: null });
    const grown = process.memoryUsage.rss() - before;
    assert.ok(grown < 64 * MiB, `this process grew by ${grown / MiB} MiB`);
  });
});

it(`of ${50 * soak} children started and ended, no zombie, descriptor or listener is left`, async (t) => {
  const listeners = (): number =>
    process.eventNames().reduce((sum, name) => sum + process.listenerCount(name), 0);
  // The first one loads what it needs.
  await execFile('true');
  const before = { listeners: listeners(), descriptors: descriptors() };
  const signal = new AbortController().signal;
  for (let n = 0; n < 50 * soak; n += 10)
    await Promise.all(
      Array.from({ length: 10 }, async (_, i) => {
        if (i % 2 === 0) assert.equal((await execFile('true', [], { signal, timeout: 60_000 })).ok, true);
        else {
          const child = spawn('sleep', ['1000'], { signal });
          child.kill('SIGKILL');
          assert.equal((await child.exited).signal, 'SIGKILL');
        }
      }),
    );
  await until('all descriptors are closed', () => descriptors() <= before.descriptors);
  assert.equal(listeners(), before.listeners);
  assert.deepEqual(zombies(), []);
  t.diagnostic(
    `descriptors ${before.descriptors} -> ${descriptors()}, listeners ${before.listeners} -> ${listeners()}`,
  );
});

it('a process without descriptors left says so of a child, and starts one when it has some again', async () => {
  const program = fixture('without-descriptors.ts');
  const outcome = await execFile('sh', ['-c', 'ulimit -n 64; exec "$0" "$1"', process.execPath, program]);
  const told = JSON.parse(outcome.orThrow().stdout);
  assert.equal(told.code, 'ERR_START_FAILED');
  assert.match(told.message, /EMFILE/);
  assert.equal(told.after, true);
  assert.equal(told.left, 0);
});

it('a child that was stopped is ended all the same', async () => {
  const child = spawn('sleep', ['1000']);
  child.kill('SIGSTOP');
  const { signal } = await within('it ends', child.terminate({ graceMs: 100 }));
  // By the first of the two that it takes.
  assert.ok(signal === 'SIGTERM' || signal === 'SIGKILL', String(signal));
});

describe('a parent that exits in a callback', () => {
  for (const event of [
    'spawn',
    'message',
    'disconnect',
    'data',
    'exit',
    'close',
    'error',
    'outcome',
  ] as const)
    it(`(${event}) leaves no child behind`, async () => {
      const parent = fork(fixture('exits-in-callback.ts'), [event], { channel: 'none', silent: true });
      const { exitCode, stdout, stderr } = await within('the parent ends', parent.outcome());
      assert.equal(exitCode, 7, stderr);
      const pids = stdout.split('\n').filter((line) => line !== '');
      assert.equal(pids.length, 2, stdout);
      for (const pid of pids) await until(`process ${pid} is gone`, () => !isAlive(Number(pid)));
    });
});

/** How many this process has open; 0 where the system does not tell. */
function descriptors(): number {
  return hasProc ? readdirSync('/proc/self/fd').length : 0;
}

/** Children of this process that have ended, and that nobody has asked how. */
function zombies(): string[] {
  if (!hasProc) return [];
  return readdirSync('/proc').filter((pid) => {
    if (!/^\d+$/.test(pid)) return false;
    try {
      const [, state, parent] = /\) (\w) (\d+) /.exec(readFileSync(`/proc/${pid}/stat`, 'utf8')) ?? [];
      return state === 'Z' && Number(parent) === process.pid;
    } catch {
      return false;
    }
  });
}
