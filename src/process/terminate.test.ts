import assert from 'node:assert/strict';
import type { ChildProcess } from 'node:child_process';
import { EventEmitter } from 'node:events';
import { it } from 'node:test';
import { createTestClock } from '../testkit/clock.ts';
import type { Cgroup } from './cgroup.ts';
import type { ProcessStat, ProcessSystem } from './process-system.ts';
import { type TerminateOptions, type Termination, terminate } from './terminate.ts';

const lead = { group: 10, session: 10 };

function one(pid: number, parent: number, more: Partial<ProcessStat> = {}): ProcessStat {
  return { pid, parent, group: 1, session: 1, started: pid, stopped: false, ended: false, ...more };
}

/** A child with pid 10, on a system where what is sent does what the test says. */
function stage(...first: ProcessStat[]) {
  const all = new Map(first.map((stat) => [stat.pid, stat]));
  const sent: [number, string][] = [];
  const child = Object.assign(new EventEmitter(), {
    pid: 10 as number | undefined,
    exitCode: null as number | null,
    signalCode: null as string | null,
    spawnfile: 'program',
  });
  const clock = createTestClock();
  const on: { signal: (pid: number, signal: string) => void } = { signal: () => {} };
  const system: ProcessSystem = {
    kill(pid, signal) {
      if (pid > 0 && !all.has(pid)) throw Object.assign(new Error('ESRCH'), { code: 'ESRCH' });
      if (signal === 0) return;
      sent.push([pid, signal]);
      on.signal(pid, signal);
    },
    stat: (pid) => all.get(pid),
    all: () => [...all.values()],
    bootId: () => 'b',
  };
  return {
    all,
    sent,
    on,
    clock,
    child,
    exit(code: number | null, signal: string | null = null) {
      all.delete(10);
      child.exitCode = code;
      child.signalCode = signal;
      child.emit('exit', code, signal);
    },
    terminate: (options: TerminateOptions = {}): Promise<Termination> =>
      terminate(child as unknown as ChildProcess, options, { clock, system }),
  };
}

it('asks once, kills when the grace is over, and waits for the real end', async () => {
  const { clock, sent, exit, terminate: end } = stage(one(10, 1));
  let ended = false;
  const ending = end({ graceMs: 1000 }).then((how) => {
    ended = true;
    return how;
  });
  await clock.advance(999);
  assert.deepEqual(sent, [[10, 'SIGTERM']]);
  await clock.advance(1);
  assert.deepEqual(sent, [
    [10, 'SIGTERM'],
    [10, 'SIGKILL'],
  ]);
  await clock.advance(5000);
  assert.equal(ended, false);
  exit(null, 'SIGKILL');
  assert.deepEqual(await ending, { exitCode: null, signal: 'SIGKILL', survivors: [] });
});

it('kills at once without a grace, and never with an endless one', async () => {
  const hasty = stage(one(10, 1));
  const ending = hasty.terminate({ graceMs: 0 });
  await hasty.clock.advance(0);
  assert.deepEqual(hasty.sent, [[10, 'SIGKILL']]);
  hasty.exit(null, 'SIGKILL');
  await ending;

  const patient = stage(one(10, 1));
  const waiting = patient.terminate({ graceMs: Number.POSITIVE_INFINITY, signal: 'SIGINT' });
  await patient.clock.advance(10_000_000);
  assert.deepEqual(patient.sent, [[10, 'SIGINT']]);
  patient.exit(0);
  assert.equal((await waiting).exitCode, 0);
});

it('signals nobody who was given the pid of the child', async () => {
  const { all, clock, sent, exit, terminate: end } = stage(one(10, 1));
  const ending = end({ graceMs: 100 });
  await clock.advance(50);
  // The child has ended, and this process has not heard of it yet.
  all.set(10, one(10, 1, { started: 77 }));
  await clock.advance(100);
  assert.deepEqual(sent, [[10, 'SIGTERM']]);
  exit(0);
  assert.equal((await ending).exitCode, 0);
});

it('tells of a child that cannot be killed, after a bound', async () => {
  const { clock, terminate: end, child } = stage(one(10, 1));
  const ending = assert.rejects(end({ graceMs: 10, timeoutMs: 20 }), {
    code: 'ERR_TIMEOUT',
    message: /process 10 was killed, and still there 20 ms later/,
  });
  await clock.advance(30);
  await ending;
  assert.equal(child.listenerCount('exit'), 0);
});

it('signals each process of a family once, and waits for all of them', async () => {
  const { all, clock, sent, exit, terminate: end } = stage(one(10, 1), one(11, 10), one(12, 11));
  let ended = false;
  const ending = end({ tree: true }).then((how) => {
    ended = true;
    return how;
  });
  await clock.advance(0);
  assert.deepEqual(sent, [
    [10, 'SIGTERM'],
    [11, 'SIGTERM'],
    [12, 'SIGTERM'],
  ]);
  exit(0);
  all.set(11, one(11, 1));
  await clock.advance(1000);
  assert.equal(ended, false);
  all.clear();
  await clock.advance(1000);
  assert.deepEqual(await ending, { exitCode: 0, signal: null, survivors: [] });
  assert.equal(sent.length, 3);
});

it('signals a group in one stroke, and kills what of it has come since', async () => {
  const { all, clock, sent, exit, terminate: end } = stage(one(10, 1, lead), one(11, 10, lead));
  const ending = end({ tree: 'group', graceMs: 100 });
  await clock.advance(0);
  exit(0);
  all.set(11, one(11, 1, lead)).set(12, one(12, 11, lead));
  await clock.advance(101);
  all.clear();
  await clock.advance(100);
  await ending;
  assert.deepEqual(sent.slice(0, 2), [
    [-10, 'SIGTERM'],
    [-10, 'SIGKILL'],
  ]);
  assert.ok(sent.every(([pid]) => pid === -10));
});

it('does not touch who has left the family, and tells of him', async () => {
  const gone = { session: 12, group: 12 };
  const { all, clock, sent, exit, terminate: end } = stage(one(10, 1), one(11, 10), one(12, 11, gone));
  const ending = end({ tree: true });
  await clock.advance(0);
  all.delete(11);
  all.set(12, one(12, 1, gone));
  exit(0);
  assert.deepEqual((await ending).survivors, [{ pid: 12, started: 12, boot: 'b' }]);
  assert.ok(sent.every(([pid]) => pid !== 12));
});

it('lets alone a descendant of another user, and tells of him', async () => {
  const { clock, on, exit, terminate: end } = stage(one(10, 1), one(11, 10));
  on.signal = (pid) => {
    if (pid === 11) throw Object.assign(new Error('EPERM'), { code: 'EPERM' });
  };
  const ending = end({ tree: true });
  await clock.advance(0);
  exit(0);
  assert.deepEqual(
    (await ending).survivors.map(({ pid }) => pid),
    [11],
  );
});

it('wakes up who is stopped, so that he hears that he is to end', async () => {
  const { clock, sent, exit, terminate: end } = stage(one(10, 1, { stopped: true }));
  const ending = end();
  await clock.advance(0);
  assert.deepEqual(sent, [
    [10, 'SIGTERM'],
    [10, 'SIGCONT'],
  ]);
  exit(0);
  await ending;
});

it('asks all members of a cgroup, and kills it as a whole when the grace is over', async () => {
  const gone = { session: 12, group: 12 };
  const { all, clock, sent, exit, terminate: end } = stage(one(10, 1), one(12, 1, gone));
  let kills = 0;
  const cgroup = {
    members: () => [...all.values()].map(({ pid, started }) => ({ pid, started, boot: 'b' })),
    kill: () => void kills++,
  } as Cgroup;
  const ending = end({ tree: true, cgroup, graceMs: 100 });
  await clock.advance(0);
  assert.deepEqual(sent.toSorted(), [
    [10, 'SIGTERM'],
    [12, 'SIGTERM'],
  ]);
  await clock.advance(100);
  assert.ok(kills > 0);
  all.delete(12);
  exit(null, 'SIGKILL');
  assert.deepEqual((await ending).survivors, []);
});

it('refuses what cannot be meant before it signals anybody', async () => {
  const { child, sent, terminate: end } = stage(one(10, 1));
  const wrong: TerminateOptions[] = [
    { graceMs: -1 },
    { timeoutMs: Number.NaN },
    { tree: 'cgroup' },
    { tree: 'group' },
    { tree: 'forest' as 'group' },
  ];
  for (const options of wrong) await assert.rejects(end(options), { code: 'ERR_BAD_ARGUMENT' });
  child.pid = undefined;
  await assert.rejects(end(), { code: 'ERR_BAD_ARGUMENT', message: /program was never started/ });
  assert.deepEqual(sent, []);
});

it('gives the end of a child that has ended already', async () => {
  const { sent, exit, terminate: end } = stage(one(10, 1));
  exit(3);
  assert.deepEqual(await end({ tree: true }), { exitCode: 3, signal: null, survivors: [] });
  assert.deepEqual(sent, []);
});
