/**
 * Giving up the rights of root for good, in this process.
 *
 * ```
 *   whom?   -> initgroups -> setgid -> setuid -> proved: no way back -> the program goes on
 *     | a failure anywhere
 *     +-> a line on stderr, and the end of the program, in the same turn: no code of its own runs as somebody it must not be
 * ```
 * The order is the only one that works: after `setuid` the rest would not be permitted any more.
 */
import { writeSync } from 'node:fs';
import { isMainThread } from 'node:worker_threads';
import { type Accounts, findGroup, findUser, isId, systemAccounts, type User } from './accounts.ts';
import { errorText } from './error-text.ts';
import { exitCodes } from './exit-codes.ts';

export interface DropOptions {
  /** A name or a number. Default: who has called sudo, where the real user is root; else the real user. */
  user?: string | number | undefined;
  /** A name or a number. Default: the primary group of `user`; with the default of `user`, the group that goes with it. */
  group?: string | number | undefined;
}

/** Who the process is after it: all of its user and group ids, for good. */
export interface Dropped {
  uid: number;
  gid: number;
  /** The supplementary groups. */
  groups: readonly number[];
}

type Calls =
  | 'getuid'
  | 'geteuid'
  | 'getgid'
  | 'getegid'
  | 'getgroups'
  | 'setuid'
  | 'setgid'
  | 'seteuid'
  | 'setegid'
  | 'setgroups';

/** What it needs of the operating system; a test stages each step that fails. */
export interface PrivilegeSystem extends Required<Pick<NodeJS.Process, Calls>> {
  /** The groups of a user, and `gid`. */
  initgroups(user: string, gid: number): void;
  readonly env: NodeJS.ProcessEnv;
  readonly accounts: Accounts;
  /** Ends the program. Nothing of it runs any more, no listener either. */
  end(message: string): never;
}

/**
 * Gives up the rights of root for good, and becomes `user` and `group`: supplementary groups, group and user are set in this
 * order, and it is proved that there is no way back. Synchronous.
 *
 * It never throws: where anything is wrong (an unknown user, root as the target, a step that fails, a way back that is
 * open), a line on stderr says so and the program ends with exit code 77, before any code behind the call runs. The same
 * in a worker thread and on Windows, where there is no such thing.
 *
 * Without `user`: `SUDO_UID` and `SUDO_GID` where the real user is root; else the real user and group, as for a program that
 * is set-uid root. A program that has no rights of root and already is who it should be goes on. The environment (`HOME`,
 * `USER`) is left as it is.
 *
 * ```ts
 * const server = createServer(answer).listen(80, () => dropPrivileges({ user: 'www-data' }));
 * ```
 */
export function dropPrivileges(options: DropOptions = {}): Dropped {
  return dropIn(ownSystem(), options);
}

export function dropIn(system: PrivilegeSystem, options: DropOptions): Dropped {
  try {
    const target = targetOf(system, options);
    if (system.geteuid() === 0) becomeTarget(system, target);
    else if (system.getuid() !== target.uid || system.getgid() !== target.gid)
      throw new Refusal(
        `only root can become user ${target.uid} with group ${target.gid}: this process runs as user ${system.geteuid()}`,
      );
    return proved(system, target);
  } catch (error) {
    return system.end(error instanceof Refusal ? error.message : errorText(error));
  }
}

/** Why it does not go on; seen by nobody outside of this file. */
class Refusal extends Error {}

interface Target {
  uid: number;
  gid: number;
  /** As the system knows it; undefined for a number without an entry. */
  account: User | undefined;
}

function targetOf(system: PrivilegeSystem, options: DropOptions): Target {
  const { user, group } = options.user === undefined ? defaultsOf(system, options.group) : options;
  const account = findUser(user as string | number, system.accounts);
  const uid = account?.uid ?? idOf(user);
  if (uid === undefined) throw new Refusal(`there is no user ${shown(user)}`);
  if (uid === 0) throw new Refusal(`the user ${shown(user)} is root: name another one`);
  const gid = group === undefined ? account?.gid : (findGroup(group, system.accounts)?.gid ?? idOf(group));
  if (gid === undefined)
    throw new Refusal(
      group === undefined
        ? `the user ${shown(user)} has no entry in the system, and so no group: name a group, too`
        : `there is no group ${shown(group)}`,
    );
  if (gid === 0 && account?.gid !== 0)
    throw new Refusal(`the group ${shown(group)} is that of root: name another one`);
  return { uid, gid, account };
}

function defaultsOf(system: PrivilegeSystem, group: DropOptions['group']): DropOptions {
  const realUid = system.getuid();
  if (realUid !== 0) return { user: realUid, group: group ?? system.getgid() };
  const { SUDO_UID: sudoUid, SUDO_GID: sudoGid } = system.env;
  if (!isId(sudoUid) || !isId(sudoGid))
    throw new Refusal(
      'nobody says whom to become: root itself has started this process, and not by sudo (SUDO_UID, SUDO_GID): name a user',
    );
  return { user: Number(sudoUid), group: group ?? Number(sudoGid) };
}

function idOf(value: unknown): number | undefined {
  return isId(String(value)) ? Number(value) : undefined;
}

function becomeTarget(system: PrivilegeSystem, { uid, gid, account }: Target): void {
  if (account === undefined) step('setgroups', () => system.setgroups([gid]));
  else step('initgroups', () => system.initgroups(account.name, gid));
  step('setgid', () => system.setgid(gid));
  step('setuid', () => system.setuid(uid));
}

function step(name: string, run: () => void): void {
  try {
    run();
  } catch (error) {
    throw new Refusal(`${name} failed: ${(error as Error).message}`);
  }
}

/** A kernel that has kept a right, or a saved id that leads back, must not go unnoticed. */
function proved(system: PrivilegeSystem, { uid, gid, account }: Target): Dropped {
  const ids = { getuid: uid, geteuid: uid, getgid: gid, getegid: gid } as const;
  for (const [name, wanted] of Object.entries(ids) as [keyof typeof ids, number][]) {
    const is = system[name]();
    if (is !== wanted) throw new Refusal(`${name} says ${is}, where it should be ${wanted}`);
  }
  const waysBack = {
    setuid: () => system.setuid(0),
    seteuid: () => system.seteuid(0),
    // Whoever belongs to the group of root need not become it.
    ...(gid === 0 ? {} : { setgid: () => system.setgid(0), setegid: () => system.setegid(0) }),
  };
  for (const [name, goBack] of Object.entries(waysBack))
    if (succeeds(goBack)) throw new Refusal(`${name}(0) succeeds: the rights of root are still there`);
  const groups = system.getgroups();
  if (groups.includes(0) && gid !== 0 && !belongsToGroup0(system, account))
    throw new Refusal('the group of root is still among its groups');
  if (account === undefined && groups.some((group) => group !== gid))
    throw new Refusal(`it still belongs to the groups ${groups.join(', ')}`);
  return { uid, gid, groups };
}

function succeeds(run: () => void): boolean {
  try {
    run();
    return true;
  } catch {
    return false;
  }
}

function belongsToGroup0({ accounts }: PrivilegeSystem, account: User | undefined): boolean {
  if (account === undefined) return false;
  return account.gid === 0 || findGroup(0, accounts)?.members.includes(account.name) === true;
}

function shown(value: unknown): string {
  return typeof value === 'string' ? JSON.stringify(value) : String(value);
}

function ownSystem(): PrivilegeSystem {
  if (!isMainThread) end('this is a worker thread, and a process changes its user in the main thread alone');
  if (process.setuid === undefined) end(`${process.platform} knows no users that a process could change to`);
  const calls = process as unknown as PrivilegeSystem;
  return {
    getuid: calls.getuid,
    geteuid: calls.geteuid,
    getgid: calls.getgid,
    getegid: calls.getegid,
    getgroups: calls.getgroups,
    setuid: calls.setuid,
    setgid: calls.setgid,
    seteuid: calls.seteuid,
    setegid: calls.setegid,
    setgroups: calls.setgroups,
    initgroups: calls.initgroups,
    env: process.env,
    accounts: systemAccounts,
    end,
  };
}

/** At once: a listener of `exit` would be code of the program that runs as root. */
function end(message: string): never {
  try {
    writeSync(2, `kindred: dropPrivileges: ${message}; the program ends\n`);
  } catch {
    // Nobody is left to be told.
  }
  process.removeAllListeners('exit');
  // In a worker thread `exit` would end that thread alone, and whoever has replaced it may do anything.
  if (isMainThread) process.exit(exitCodes.noPerm);
  process.kill(process.pid, 'SIGKILL');
  throw new Error('not reached: the process has been killed');
}
