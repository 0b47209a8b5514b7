/**
 * How to start a program as another user, with the groups that are his.
 *
 * Node's `uid` and `gid` leave a program without any supplementary group (measured); `setpriv` of util-linux sets them as a
 * login does, and becomes the program: the pid stays. Where there is none, a user whose groups would be missing is refused.
 */
import { fileURLToPath } from 'node:url';
import { KindredError } from '../base/errors.ts';
import { type Accounts, findGroup, findUser, isId, systemAccounts, type User } from './accounts.ts';
import { resolveProgram } from './resolve-program.ts';
import { findSetpriv } from './setpriv.ts';

export interface UserOptions {
  /** A name or a number. Default: the user of this process. */
  user?: string | number | undefined;
  /** A name or a number. Default: the primary group of `user`. */
  group?: string | number | undefined;
}

/** What to give to `spawn` of Node.js in place of what was asked for. */
export interface UserPlan {
  command: string;
  args: readonly string[];
  uid?: number;
  gid?: number;
  /** It is in `command` and `args` now. */
  shell?: false;
}

/** Of the program, as `spawn` of Node.js takes them. */
export interface PlanUserOptions {
  cwd?: string | URL | undefined;
  env?: NodeJS.ProcessEnv | undefined;
  shell?: boolean | string | undefined;
  argv0?: string | undefined;
  uid?: number | undefined;
  gid?: number | undefined;
}

/** What it needs of the operating system. */
export interface UserSystem {
  readonly platform: NodeJS.Platform;
  readonly isRoot: boolean;
  readonly accounts: Accounts;
  /** The path of setpriv; undefined where there is none that can set groups. */
  readonly setpriv: string | undefined;
}

/**
 * The command that runs `command` as `user` and `group`, with the supplementary groups of that user. A program that cannot be
 * found is left to Node.js, which says so.
 *
 * Throws `ERR_BAD_ARGUMENT` for an unknown user or group and beside `uid`, `gid` and `argv0`, and `ERR_NOT_SUPPORTED` on Windows, and where the user has
 * supplementary groups and there is no `setpriv` to set them. Whether this process may do it is for the system to say: what
 * starts is never somebody else than was asked for.
 */
export function planUser(
  who: UserOptions,
  command: string,
  args: readonly string[],
  options: PlanUserOptions,
): UserPlan {
  return who.user === undefined && who.group === undefined
    ? { command, args }
    : planIn(thisUserSystem(), who, command, args, options);
}

export function planIn(
  system: UserSystem,
  { user, group }: UserOptions,
  command: string,
  args: readonly string[],
  { cwd, env = process.env, shell = false, argv0, uid: ownUid, gid: ownGid }: PlanUserOptions,
): UserPlan {
  if (system.platform === 'win32')
    throw new KindredError(
      'ERR_NOT_SUPPORTED',
      `${command} cannot be started as another user: Windows has no call for it without a password`,
    );
  if (ownUid !== undefined || ownGid !== undefined || argv0 !== undefined)
    throw new KindredError(
      'ERR_BAD_ARGUMENT',
      'user and group cannot stand beside uid, gid and argv0: the groups of a user are set by a program in between',
    );
  const account = user === undefined ? undefined : findUser(user, system.accounts);
  const uid = user === undefined ? undefined : (account?.uid ?? numberOf('user', user));
  const gid =
    group === undefined ? account?.gid : (findGroup(group, system.accounts)?.gid ?? numberOf('group', group));
  if (gid === undefined)
    throw new KindredError(
      'ERR_BAD_ARGUMENT',
      `user ${String(user)} has no entry in the system, and so no group: give a group, too`,
    );
  // As Node.js does it.
  const isLine = shell !== false && shell !== '';
  const [file, argv] = isLine ? [shell === true ? '/bin/sh' : shell, ['-c', command]] : [command, args];
  const plain: UserPlan = {
    command: file,
    args: argv,
    shell: false,
    ...(uid === undefined ? {} : { uid }),
    gid,
  };
  // A number without an entry belongs to no other group. Whoever is not root is refused by the system.
  if (account === undefined || !system.isRoot) return plain;
  if (system.setpriv === undefined) {
    if (belongsToOthers(account, system.accounts)) throw noGroups(account);
    return plain;
  }
  const program = resolveProgram(file, { env, cwd: cwd instanceof URL ? fileURLToPath(cwd) : cwd });
  if (program === undefined) return plain;
  const ids = ['--reuid', String(account.uid), '--regid', String(gid), '--init-groups'];
  return { command: system.setpriv, args: [...ids, '--', program, ...argv], shell: false };
}

function numberOf(what: string, value: string | number): number {
  if (isId(String(value))) return Number(value);
  throw new KindredError('ERR_BAD_ARGUMENT', `there is no ${what} ${JSON.stringify(value)} on this system`);
}

/** Of a user whom only a directory service knows nobody here can tell: yes. */
function belongsToOthers({ name }: User, accounts: Accounts): boolean {
  if (
    !accounts
      .read('passwd')
      .split('\n')
      .some((line) => line.startsWith(`${name}:`))
  )
    return true;
  return accounts
    .read('group')
    .split('\n')
    .some((line) => line.split(':')[3]?.split(',').includes(name) === true);
}

function noGroups({ name }: User): KindredError {
  return new KindredError(
    'ERR_NOT_SUPPORTED',
    `nothing can be started as ${name}: there is no setpriv here to set the supplementary groups of that user, and without ` +
      'them the program would lack rights: install util-linux (Alpine: apk add setpriv), or give uid and gid as numbers',
  );
}

function thisUserSystem(): UserSystem {
  return {
    platform: process.platform,
    isRoot: process.geteuid?.() === 0,
    accounts: systemAccounts,
    get setpriv() {
      return findSetpriv();
    },
  };
}
