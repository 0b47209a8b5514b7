/**
 * The users and groups of this system: from /etc/passwd and /etc/group, and what is not there (LDAP, NIS) from `getent`.
 *
 * Whoever asks is about to give up the rights of root, or to hand them on, and may have been started by anybody: nothing
 * here is looked for along the PATH.
 */
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

export interface User {
  name: string;
  uid: number;
  /** Its primary group. */
  gid: number;
}

export interface Group {
  name: string;
  gid: number;
  /** Names of those who belong to it beside those whose primary group it is. */
  members: readonly string[];
}

/** Where the lines come from; a test brings others. */
export interface Accounts {
  /** The text of /etc/passwd or /etc/group; empty where there is none. */
  read(database: 'passwd' | 'group'): string;
  /** The line for a name or number that the file does not have. */
  ask(database: 'passwd' | 'group', key: string): string | undefined;
}

/** Folders that only root can write to. */
const systemFolders = ['/usr/bin', '/bin', '/usr/sbin', '/sbin', '/run/current-system/sw/bin'];

/** How long a directory service may take to answer, in milliseconds. */
const answerMs = 10_000;

export const systemAccounts: Accounts = {
  read(database) {
    try {
      return readFileSync(`/etc/${database}`, 'utf8');
    } catch {
      return '';
    }
  },
  ask(database, key) {
    for (const folder of systemFolders) {
      const { error, status, stdout } = spawnSync(join(folder, 'getent'), [database, key], {
        env: { PATH: systemFolders.join(':'), LC_ALL: 'C' },
        encoding: 'utf8',
        stdio: ['ignore', 'pipe', 'ignore'],
        timeout: answerMs,
        killSignal: 'SIGKILL',
      });
      if (error !== undefined && (error as NodeJS.ErrnoException).code === 'ENOENT') continue;
      return status === 0 ? stdout.split('\n')[0] : undefined;
    }
    return undefined;
  },
};

/** A name, or a number, also one written in digits; a name that looks like a number is a name first, as for chown(1). */
export function findUser(user: string | number, accounts: Accounts = systemAccounts): User | undefined {
  return find(user, 'passwd', accounts, ([name = '', , uid, gid]) =>
    isId(uid) && isId(gid) ? { name, uid: Number(uid), gid: Number(gid) } : undefined,
  );
}

/** The same for a group. */
export function findGroup(group: string | number, accounts: Accounts = systemAccounts): Group | undefined {
  return find(group, 'group', accounts, ([name = '', , gid, members = '']) =>
    isId(gid)
      ? { name, gid: Number(gid), members: members.split(',').filter((member) => member !== '') }
      : undefined,
  );
}

/** A user or group id, in digits. `(uid_t)-1` means "leave it as it is" to the system, and is none. */
export function isId(text: unknown): text is string {
  return typeof text === 'string' && /^(?:0|[1-9]\d{0,9})$/.test(text) && Number(text) < 2 ** 32 - 1;
}

function find<T>(
  key: string | number,
  database: 'passwd' | 'group',
  accounts: Accounts,
  parse: (fields: readonly string[]) => T | undefined,
): T | undefined {
  const wanted = String(key);
  // Nothing that could be taken for an option, or for more than one field of a line.
  if (wanted === '' || wanted.startsWith('-') || /[:\n]/.test(wanted) || wanted.includes('\0'))
    return undefined;
  const isNamed = (line: string): boolean => typeof key === 'string' && line.split(':')[0] === wanted;
  const isNumbered = (line: string): boolean => isId(wanted) && line.split(':')[2] === wanted;
  const lines = accounts.read(database).split('\n');
  const line = lines.find(isNamed) ?? lines.find(isNumbered) ?? accounts.ask(database, wanted);
  // What somebody else answers is looked at, too.
  if (line === undefined || !(isNamed(line) || isNumbered(line))) return undefined;
  return parse(line.split(':'));
}
