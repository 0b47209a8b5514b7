import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Accounts } from './accounts.ts';
import { type DropOptions, dropIn, type PrivilegeSystem } from './privileges.ts';

const accounts: Accounts = {
  read: (database) =>
    database === 'passwd'
      ? 'root:x:0:0::/:/bin/sh\nwww:x:33:34::/:/bin/sh\nada:x:1000:1000::/:/bin/sh\nodd:x:50:0::/:/bin/sh\n'
      : 'root:x:0:ada\nwww:x:34:\nweb:x:35:www\n',
  ask: () => undefined,
};

class Ended extends Error {}

/** A process as the kernel keeps it: real, effective and saved ids. */
class Machine {
  uids: [number, number, number];
  gids: [number, number, number];
  groups: number[];
  readonly calls: string[] = [];
  /** How the program ended. */
  end: string | undefined;
  readonly system: PrivilegeSystem;

  constructor({
    uid = 0,
    euid = 0,
    suid = euid,
    gid = 0,
    egid = 0,
    groups = [0],
    env = {},
    instead = {},
  }: {
    uid?: number;
    euid?: number;
    suid?: number;
    gid?: number;
    egid?: number;
    groups?: number[];
    env?: NodeJS.ProcessEnv;
    instead?: Partial<PrivilegeSystem>;
  } = {}) {
    this.uids = [uid, euid, suid];
    this.gids = [gid, egid, egid];
    this.groups = groups;
    this.system = {
      getuid: () => this.uids[0],
      geteuid: () => this.uids[1],
      getgid: () => this.gids[0],
      getegid: () => this.gids[1],
      getgroups: () => [...new Set([...this.groups, this.gids[1]])],
      setuid: (id) => this.#set('setuid', this.uids, id),
      seteuid: (id) => this.#set('seteuid', this.uids, id),
      setgid: (id) => this.#set('setgid', this.gids, id),
      setegid: (id) => this.#set('setegid', this.gids, id),
      setgroups: (list) => this.#setGroups(`setgroups ${list.join()}`, list as number[]),
      initgroups: (user, gid) =>
        this.#setGroups(`initgroups ${user} ${gid}`, [
          gid,
          ...(user === 'www' ? [35] : user === 'ada' ? [0] : []),
        ]),
      env,
      accounts,
      end: (message) => {
        this.end = message;
        throw new Ended(message);
      },
      ...instead,
    };
  }

  /** Undefined where the program has ended. */
  drop(options: DropOptions = {}): unknown {
    try {
      return dropIn(this.system, options);
    } catch (error) {
      assert.ok(error instanceof Ended, String(error));
      return undefined;
    }
  }

  #set(call: string, ids: [number, number, number], value: number | string): void {
    const id = value as number;
    this.calls.push(`${call} ${id}`);
    const isRoot = this.uids[1] === 0;
    const onlyEffective = call.startsWith('sete');
    if (!isRoot && id !== ids[0] && id !== ids[2]) throw new Error(`EPERM, ${call}`);
    if (isRoot && !onlyEffective) ids.fill(id);
    else ids[1] = id;
  }

  #setGroups(call: string, groups: number[]): void {
    this.calls.push(call);
    if (this.uids[1] !== 0) throw new Error('EPERM');
    this.groups = [...groups];
  }
}

const waysBack = ['setuid 0', 'seteuid 0', 'setgid 0', 'setegid 0'];

describe('a process that drops its privileges', () => {
  it('sets the groups, then the group, then the user, and proves that there is no way back', () => {
    const machine = new Machine();
    assert.deepEqual(machine.drop({ user: 'www' }), { uid: 33, gid: 34, groups: [34, 35] });
    assert.deepEqual(machine.calls, ['initgroups www 34', 'setgid 34', 'setuid 33', ...waysBack]);
    assert.deepEqual([...machine.uids, ...machine.gids], [33, 33, 33, 34, 34, 34]);
  });

  it('takes a number like the name that it stands for', () => {
    for (const user of [33, '33'])
      assert.deepEqual(new Machine().drop({ user }), new Machine().drop({ user: 'www' }));
  });

  it('takes a group of its own, by name or number', () => {
    for (const group of ['web', 35, '35']) {
      const machine = new Machine();
      assert.deepEqual(machine.drop({ user: 'www', group }), { uid: 33, gid: 35, groups: [35] });
      assert.deepEqual(machine.calls[0], 'initgroups www 35');
    }
  });

  it('belongs to its group alone where the number has no entry', () => {
    const machine = new Machine();
    assert.deepEqual(machine.drop({ user: 4711, group: 4712 }), { uid: 4711, gid: 4712, groups: [4712] });
    assert.deepEqual(machine.calls.slice(0, 3), ['setgroups 4712', 'setgid 4712', 'setuid 4711']);
  });

  it('becomes whoever has called sudo where nobody is named', () => {
    const env = { SUDO_UID: '1000', SUDO_GID: '1001' };
    const machine = new Machine({ env });
    assert.deepEqual(machine.drop(), { uid: 1000, gid: 1001, groups: [1001, 0] });
    assert.equal(machine.calls[0], 'initgroups ada 1001');
  });

  it('becomes the real user where it was started set-uid root, whatever the environment says', () => {
    const machine = new Machine({
      uid: 33,
      euid: 0,
      gid: 34,
      egid: 34,
      env: { SUDO_UID: '1000', SUDO_GID: '1000' },
    });
    assert.deepEqual(machine.drop(), { uid: 33, gid: 34, groups: [34, 35] });
    assert.deepEqual(machine.uids, [33, 33, 33]);
  });

  it('goes on where it never had the rights, and is who it should be', () => {
    for (const options of [{}, { user: 'www' }]) {
      const machine = new Machine({ uid: 33, euid: 33, gid: 34, egid: 34, groups: [34] });
      assert.deepEqual(machine.drop(options), { uid: 33, gid: 34, groups: [34] });
      assert.deepEqual(machine.calls, waysBack);
    }
  });

  it('keeps the group of root where the user belongs to it', () => {
    assert.deepEqual(new Machine().drop({ user: 'ada' }), { uid: 1000, gid: 1000, groups: [1000, 0] });
    assert.deepEqual(new Machine().drop({ user: 'odd' }), { uid: 50, gid: 0, groups: [0] });
  });
});

describe('a program ends before anything else of it runs', () => {
  const endsOver = (machine: Machine, options: DropOptions, why: RegExp): void => {
    assert.equal(machine.drop(options), undefined);
    assert.match(machine.end ?? '', why);
  };

  it('where nobody says whom to become', () => {
    for (const env of [
      {},
      { SUDO_UID: '1000' },
      { SUDO_UID: 'ada', SUDO_GID: '1000' },
      { SUDO_UID: '', SUDO_GID: '' },
    ]) {
      const machine = new Machine({ env });
      endsOver(machine, {}, /nobody says whom to become/);
      assert.deepEqual(machine.calls, []);
    }
  });

  it('where whom to become is root', () => {
    for (const options of [{ user: 'root' }, { user: 0 }, { user: '0' }, { user: 'root', group: 'www' }])
      endsOver(new Machine(), options, /is root/);
    endsOver(new Machine({ env: { SUDO_UID: '0', SUDO_GID: '0' } }), {}, /is root/);
    endsOver(new Machine(), { user: 'www', group: 'root' }, /group "root" is that of root/);
    endsOver(new Machine(), { user: 4711, group: 0 }, /group 0 is that of root/);
  });

  it('where the user or the group is not known', () => {
    endsOver(new Machine(), { user: 'nobody-here' }, /there is no user "nobody-here"/);
    endsOver(new Machine(), { user: 'www', group: 'nothing' }, /there is no group "nothing"/);
    endsOver(new Machine(), { user: 4711 }, /no entry.*name a group/);
    for (const user of [-1, 1.5, Number.NaN, 2 ** 32 - 1, {} as string, null as unknown as string])
      endsOver(new Machine(), { user }, /there is no user/);
  });

  it('where it has not the rights to become somebody else', () => {
    endsOver(
      new Machine({ uid: 1000, euid: 1000, gid: 1000, egid: 1000 }),
      { user: 'www' },
      /only root can become/,
    );
  });

  for (const call of ['initgroups', 'setgroups', 'setgid', 'setuid'] as const) {
    it(`where ${call} fails`, () => {
      const instead = {
        [call]: () => {
          throw new Error('EPERM, operation not permitted');
        },
      } as Partial<PrivilegeSystem>;
      const options = call === 'setgroups' ? { user: 4711, group: 4712 } : { user: 'www' };
      endsOver(new Machine({ instead }), options, new RegExp(`^${call} failed: EPERM`));
    });

    it(`where ${call} does nothing, and says nothing`, () => {
      const options = call === 'setgroups' ? { user: 4711, group: 4712 } : { user: 'www' };
      const instead = { [call]: () => {} } as Partial<PrivilegeSystem>;
      endsOver(new Machine({ instead }), options, /where it should be|still/);
    });
  }

  for (const call of ['setuid', 'seteuid', 'setgid', 'setegid'] as const)
    it(`where ${call}(0) succeeds afterwards`, () => {
      const machine = new Machine();
      const real = machine.system[call];
      machine.system[call] = (id: string | number) => {
        if (id !== 0) real(id);
      };
      endsOver(machine, { user: 'www' }, new RegExp(`^${call}\\(0\\) succeeds`));
    });

  it('where a saved user id leads back to root', () => {
    const machine = new Machine({ uid: 33, euid: 33, suid: 0, gid: 34, egid: 34, groups: [34] });
    endsOver(machine, {}, /setuid\(0\) succeeds/);
  });

  it('where other groups are left', () => {
    const instead = { setgroups: () => {} };
    endsOver(
      new Machine({ groups: [7], instead }),
      { user: 4711, group: 4712 },
      /still belongs to the groups 7/,
    );
  });

  it('where whatever else throws', () => {
    const instead = {
      getgroups: () => {
        throw new TypeError('a defect');
      },
    };
    endsOver(new Machine({ instead }), { user: 'www' }, /TypeError: a defect/);
  });
});
