/** What a config is checked against: the machine, its user, and where the config stands. */
import { readFileSync, statSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { isAbsolute, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { findGroup, findUser, systemAccounts } from '../../process/accounts.ts';
import { resolveProgram } from '../../process/resolve-program.ts';
import type { Schedule } from './stack.ts';

/** A test brings another. */
export interface StackSystem {
  readonly platform: NodeJS.Platform;
  readonly processors: number;
  readonly isRoot: boolean;
  /** The lowest port that others than root can open. */
  readonly lowestPort: number;
  /** Throws what reading throws. */
  read(file: string): string;
  is(path: string): 'file' | 'folder' | undefined;
  hasProgram(command: string, env: Readonly<Record<string, string>>, cwd: string): boolean;
  hasUser(user: string | number): boolean;
  hasGroup(group: string | number): boolean;
}

export interface Surroundings {
  readonly directory: string;
  /** Of the supervisor. */
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly system: StackSystem;
  readonly cron?: ((pattern: string, timeZone?: string) => Schedule) | undefined;
}

export const thisSystem: StackSystem = {
  platform: process.platform,
  get processors() {
    return availableParallelism();
  },
  get isRoot() {
    return process.geteuid?.() === 0;
  },
  get lowestPort() {
    return unprivilegedPort();
  },
  read: (file) => readFileSync(file, 'utf8'),
  is(path) {
    const stats = statSync(path, { throwIfNoEntry: false });
    return stats?.isDirectory() ? 'folder' : stats && 'file';
  },
  // Windows has its own ways to find a program: there it shows when it is started.
  hasProgram: (command, env, cwd) =>
    process.platform === 'win32' || resolveProgram(command, { env: { ...env }, cwd }) !== undefined,
  hasUser: (user) => typeof user === 'number' || findUser(user, systemAccounts) !== undefined,
  hasGroup: (group) => typeof group === 'number' || findGroup(group, systemAccounts) !== undefined,
};

/** A path or `file:` URL as an absolute path. */
export function pathIn(directory: string, path: string | URL): string {
  if (path instanceof URL || path.startsWith('file:')) return fileURLToPath(path);
  return isAbsolute(path) ? path : resolve(directory, path);
}

function unprivilegedPort(): number {
  try {
    return Number(readFileSync('/proc/sys/net/ipv4/ip_unprivileged_port_start', 'utf8'));
  } catch {
    return process.platform === 'linux' ? 1024 : 0;
  }
}
