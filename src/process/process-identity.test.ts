import assert from 'node:assert/strict';
import { it } from 'node:test';
import { startProgram } from '../../test/suites/program.ts';
import { identityOfProcess, isAlive, type ProcessIdentity, signalProcess } from './process-identity.ts';
import { type ProcessStat, type ProcessSystem, readStat, thisSystem } from './process-system.ts';

const onLinux = process.platform === 'linux';

function statOf(more: Partial<ProcessStat> = {}): ProcessStat {
  const family = { parent: 1, group: 4711, session: 4711 };
  return { pid: 4711, ...family, started: 1000, stopped: false, ended: false, ...more };
}

/** One process, and what was sent to it. */
function stage(more: Partial<ProcessSystem> = {}): ProcessSystem & { sent: unknown[] } {
  const sent: unknown[] = [];
  return {
    sent,
    kill: (pid, signal) => void (signal === 0 || sent.push([pid, signal])),
    stat: () => statOf(),
    all: () => [],
    bootId: () => 'this boot',
    ...more,
  };
}
const failing = (code: string) => () => {
  throw Object.assign(new Error(code), { code });
};
const identity: ProcessIdentity = { pid: 4711, started: 1000, boot: 'this boot' };

it('knows a process by its pid, its start and its boot: another one with the same pid is not it', async () => {
  const self = identityOfProcess(process.pid);
  assert.equal(isAlive(self), true);
  assert.equal(isAlive({ pid: process.pid }), true);
  assert.equal(isAlive(JSON.parse(JSON.stringify(self))), true);
  if (onLinux) {
    assert.equal(isAlive({ ...self, started: (self.started ?? 0) - 1 }), false);
    assert.equal(isAlive({ ...self, boot: 'another boot' }), false);
  }
  assert.equal(isAlive(identityOfProcess(1)), true);

  const other = startProgram(new URL('../../test/programs/local-server.ts', import.meta.url));
  const its = identityOfProcess(other.pid);
  assert.equal(isAlive(its), true);
  await other.kill();
  assert.equal(isAlive(its), false);
  assert.equal(signalProcess(its, 'SIGTERM'), 'gone');
});

it('does not compare what an identity, or the system, does not tell', () => {
  assert.equal(isAlive({ pid: 4711, started: 1000 }, stage()), true);
  assert.equal(isAlive({ pid: 4711, boot: 'this boot' }, stage()), true);
  assert.equal(isAlive(identity, stage({ bootId: () => undefined })), true);
  assert.equal(isAlive(identity, stage({ stat: () => undefined })), true);
});

it('counts as gone what has ended and was not waited for', () => {
  assert.equal(isAlive(identity, stage({ stat: () => statOf({ ended: true }) })), false);
});

it('sends no signal to a process that was given the pid of another one', () => {
  for (const system of [
    stage({ stat: () => statOf({ started: 2000 }) }),
    stage({ stat: () => statOf({ ended: true }) }),
    stage({ bootId: () => 'another boot' }),
    stage({ kill: failing('ESRCH') }),
  ]) {
    assert.equal(signalProcess(identity, 'SIGKILL', system), 'gone');
    assert.deepEqual(system.sent, []);
  }
  const same = stage();
  assert.equal(signalProcess(identity, 'SIGHUP', same), 'sent');
  assert.deepEqual(same.sent, [[4711, 'SIGHUP']]);
});

it('never takes a process group, or all processes, for a process', () => {
  for (const pid of [0, -1, -4711, 1.5, Number.NaN])
    assert.throws(() => signalProcess({ pid }, 'SIGKILL', stage()), {
      code: 'ERR_BAD_ARGUMENT',
      message: /is no pid/,
    });
});

it('says whose process may not be signalled, and which signal there is not', () => {
  assert.throws(() => signalProcess(identity, 'SIGTERM', stage({ kill: failing('EPERM') })), {
    code: 'ERR_NOT_PERMITTED',
    message: /process 4711 may not be sent SIGTERM/,
  });
  const self = identityOfProcess(process.pid);
  assert.throws(() => signalProcess(self, 'SIGNOTHING' as NodeJS.Signals), {
    code: 'ERR_BAD_ARGUMENT',
    message: /SIGNOTHING/,
  });
});

it('reads what /proc says also of a process with an odd name', () => {
  const rest = '4711 4700 4690 0 -1 4194304 1 0 0 0 0 0 0 0 20 0 1 0 123456 0 0';
  const stat = { pid: 12, parent: 4711, group: 4700, session: 4690, started: 123456 };
  assert.deepEqual(readStat(`12 (a) S 1 (b) S ${rest}`), { ...stat, stopped: false, ended: false });
  assert.deepEqual(readStat(`12 (a\nb) T ${rest}`), { ...stat, stopped: true, ended: false });
  assert.deepEqual(readStat(`12 () Z ${rest}`), { ...stat, stopped: false, ended: true });
  // Its first thread has ended, another one runs on.
  assert.equal(readStat(`12 (a) Z ${rest.replace(' 20 0 1 ', ' 20 0 2 ')}`)?.ended, false);
  assert.equal(readStat('nonsense'), undefined);
});

it('sees this process, its parent and its group among all', { skip: !onLinux && 'there is no /proc' }, () => {
  const self = thisSystem.all().find(({ pid }) => pid === process.pid);
  assert.equal(self?.parent, process.ppid);
  assert.equal(self?.ended, false);
  assert.deepEqual(self, thisSystem.stat(process.pid));
  assert.match(thisSystem.bootId() ?? '', /^[0-9a-f-]{36}$/);
});
