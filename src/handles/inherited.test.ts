import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { readInheritance, takeInherited } from './inherited.ts';

const pid = 4711;
const all = (): boolean => true;

describe('what a process was started with', () => {
  it('is told by the variables, from descriptor 3 on', () => {
    const env = { LISTEN_PID: '4711', LISTEN_FDS: '2', LISTEN_FDNAMES: 'web:admin' };
    assert.deepEqual(readInheritance(env, pid, all).listeners, [
      { name: 'web', fd: 3 },
      { name: 'admin', fd: 4 },
    ]);
  });

  it('is unknown by name where nobody names it, as for systemd', () => {
    const { listeners } = readInheritance({ LISTEN_PID: '4711', LISTEN_FDS: '2' }, pid, all);
    assert.deepEqual(
      listeners.map(({ name }) => name),
      ['unknown', 'unknown'],
    );
  });

  it('is not ours where the variables were meant for another process', () => {
    const inheritance = readInheritance(
      { LISTEN_PID: '12', LISTEN_FDS: '1', LISTEN_FDNAMES: 'web' },
      pid,
      all,
    );
    assert.deepEqual(inheritance.listeners, []);
    assert.throws(() => takeInherited(inheritance, 'web'), {
      code: 'ERR_NOT_REACHABLE',
      message: /meant for process 12, and this is 4711/,
    });
  });

  it('is nothing without the variables', () => {
    const inheritance = readInheritance({ PATH: '/bin' }, pid, all);
    assert.throws(() => takeInherited(inheritance, 'web'), { message: /started with none/ });
  });

  const wrong: [string, NodeJS.ProcessEnv, RegExp][] = [
    ['a number that is none', { LISTEN_FDS: 'two' }, /LISTEN_FDS is "two"/],
    ['a number below 0', { LISTEN_FDS: '-1' }, /LISTEN_FDS is "-1"/],
    [
      'more names than descriptors',
      { LISTEN_FDS: '1', LISTEN_FDNAMES: 'a:b' },
      /names 2 .* LISTEN_FDS says 1/,
    ],
    [
      'a descriptor that is no socket',
      { LISTEN_FDS: '2', LISTEN_FDNAMES: 'a:b' },
      /descriptor 4, 'b', is no open socket/,
    ],
  ];
  for (const [what, said, message] of wrong)
    it(`cannot be ${what}`, () => {
      const env = { LISTEN_PID: '4711', ...said };
      assert.throws(() => readInheritance(env, pid, (fd) => fd === 3), { code: 'ERR_BAD_ADDRESS', message });
      assert.deepEqual(env, {}, 'a grandchild would still find it');
    });

  it('is taken out of the environment, and nothing else is', () => {
    for (const LISTEN_PID of ['4711', '12']) {
      const env: NodeJS.ProcessEnv = { LISTEN_PID, LISTEN_FDS: '1', LISTEN_FDNAMES: 'a', PATH: '/bin' };
      readInheritance(env, pid, all);
      assert.deepEqual(env, { PATH: '/bin' });
    }
  });
});

describe('an inherited listener', () => {
  it('is taken once; several of one name are taken one after another', () => {
    const env = { LISTEN_PID: '4711', LISTEN_FDS: '3', LISTEN_FDNAMES: 'web:admin:web' };
    const inheritance = readInheritance(env, pid, all);
    assert.equal(takeInherited(inheritance, 'web'), 3);
    assert.equal(takeInherited(inheritance, 'web'), 5);
    assert.throws(() => takeInherited(inheritance, 'web'), {
      code: 'ERR_NOT_REACHABLE',
      message: "no listener 'web' was inherited: there are 'admin'",
    });
    assert.equal(takeInherited(inheritance, 'admin'), 4);
    assert.throws(() => takeInherited(inheritance, 'admin'), { message: /all that there were are taken/ });
  });
});
