import assert from 'node:assert/strict';
import { it } from 'node:test';
import type { Accounts } from './accounts.ts';
import {
  type PlanUserOptions,
  planIn,
  planUser,
  type UserOptions,
  type UserPlan,
  type UserSystem,
} from './plan-user.ts';

const accounts: Accounts = {
  read: (database) =>
    database === 'passwd'
      ? 'root:x:0:0::/:/bin/sh\nwww:x:33:34::/:/bin/sh\nada:x:1000:1000::/:/bin/sh\n'
      : 'www:x:34:\nweb:x:35:ada,bob\n',
  ask: (database, key) =>
    database === 'passwd' && key === 'grace' ? 'grace:*:5000:5001::/:/bin/sh' : undefined,
};

function plan(
  who: UserOptions,
  more: Partial<UserSystem> = {},
  command: string = process.execPath,
  options: PlanUserOptions = {},
): UserPlan {
  const system: UserSystem = {
    platform: 'linux',
    isRoot: true,
    accounts,
    setpriv: '/usr/bin/setpriv',
    ...more,
  };
  return planIn(system, who, command, options.shell === undefined ? ['-e', '0'] : [], options);
}

it('a program gets the groups of its user through setpriv', () => {
  assert.deepEqual(plan({ user: 'ada' }), {
    command: '/usr/bin/setpriv',
    args: ['--reuid', '1000', '--regid', '1000', '--init-groups', '--', process.execPath, '-e', '0'],
    shell: false,
  });
  assert.deepEqual(plan({ user: 1000, group: 'web' }).args.slice(0, 4), ['--reuid', '1000', '--regid', '35']);
});

it('a program that cannot be found is left to Node.js to tell', () => {
  const command = 'no-program-of-that-name';
  const { command: started, args, uid, gid } = plan({ user: 'ada' }, {}, command);
  assert.deepEqual([started, args, uid, gid], [command, ['-e', '0'], 1000, 1000]);
});

it('a number without an entry has no other groups, and takes none', () => {
  assert.deepEqual(plan({ user: 4711, group: 4712 }), {
    command: process.execPath,
    args: ['-e', '0'],
    shell: false,
    uid: 4711,
    gid: 4712,
  });
});

it('without setpriv, a user without supplementary groups is started all the same', () => {
  const { uid, gid } = plan({ user: 'www' }, { setpriv: undefined });
  assert.deepEqual([uid, gid], [33, 34]);
});

it('without setpriv, a user who has them, or may have them, is refused', () => {
  for (const user of ['ada', 'grace'])
    assert.throws(() => plan({ user }, { setpriv: undefined }), {
      code: 'ERR_NOT_SUPPORTED',
      message: /no setpriv here.*install util-linux/,
    });
});

it('whoever is not root is left to the system to refuse', () => {
  const { command, uid, gid } = plan({ user: 'ada' }, { isRoot: false });
  assert.deepEqual([command, uid, gid], [process.execPath, 1000, 1000]);
});

it('a group alone is set alone', () => {
  const { uid, gid } = plan({ group: 'web' });
  assert.deepEqual([uid, gid], [undefined, 35]);
});

it('where nothing is asked for nothing is changed', () => {
  const same = { command: 'id', args: ['-u'] };
  assert.deepEqual(planUser({}, same.command, same.args, { uid: 0 }), same);
});

it('a line of the shell is run by a shell of that user', () => {
  for (const [shell, program] of [
    [true, '/bin/sh'],
    ['sh', '/bin/sh'],
  ] as const) {
    const { args, shell: left } = plan({ user: 'ada' }, {}, 'id; id', { shell, env: { PATH: '/bin' } });
    assert.deepEqual(args.slice(-4), ['--', program, '-c', 'id; id']);
    assert.equal(left, false);
  }
});

it('a user beside what would not be kept is refused', () => {
  for (const options of [{ uid: 0 }, { gid: 0 }, { argv0: 'x' }])
    assert.throws(() => plan({ user: 'ada' }, {}, 'id', options), { code: 'ERR_BAD_ARGUMENT' });
});

it('an unknown user or group is refused', () => {
  for (const [who, message] of [
    [{ user: 'nobody-here' }, /there is no user "nobody-here"/],
    [{ user: -1 }, /there is no user -1/],
    [{ user: 'ada', group: 'nothing' }, /there is no group "nothing"/],
    [{ user: 4711 }, /give a group, too/],
  ] as const)
    assert.throws(() => plan(who), { code: 'ERR_BAD_ARGUMENT', message });
});

it('Windows is refused', () => {
  assert.throws(() => plan({ user: 'ada' }, { platform: 'win32' }), { code: 'ERR_NOT_SUPPORTED' });
});
