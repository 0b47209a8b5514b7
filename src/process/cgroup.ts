/**
 * A cgroup (version 2) of one's own: a directory that holds processes and all that they start, whatever these do to get
 * away (`setsid`, a parent that ends), until they are killed in one stroke.
 *
 * ```
 *   createCgroup --inCgroup, add--> populated --all have ended, kill--> empty --remove--> gone
 * ```
 */
import { type Clock, systemClock } from '../base/clock.ts';
import { KindredError } from '../base/errors.ts';
import { ownCgroup } from './own-cgroup.ts';
import { identityOfProcess, type ProcessIdentity } from './process-identity.ts';

export interface Cgroup {
  /** Its directory. */
  readonly directory: string;
  /**
   * Puts a running process in. What it has started already stays where it is: `inCgroup` starts a program inside, so that
   * nothing is missed. False: the process has ended. Throws `ERR_NOT_PERMITTED`.
   */
  add(pid: number): boolean;
  /** Who is in it, or in a cgroup below it. */
  members(): ProcessIdentity[];
  /** SIGKILL to every member at once; nobody escapes by starting another one meanwhile. Does not wait. */
  kill(): void;
  /** Resolves when it has no member any more. Throws `ERR_TIMEOUT`, naming those that are left, and `ERR_CANCELLED`. */
  empty(options?: CgroupWaitOptions): Promise<void>;
  /** Kills what is left in it, and removes it with all cgroups below. Throws what `empty` throws. */
  remove(options?: CgroupWaitOptions): Promise<void>;
}

export interface CgroupWaitOptions {
  /** Gives up with `ERR_CANCELLED`. */
  signal?: AbortSignal | undefined;
  /** Gives up with `ERR_TIMEOUT`, in milliseconds. Default 10,000. */
  timeoutMs?: number | undefined;
  clock?: Clock | undefined;
}

/**
 * Makes a cgroup below `under` (default: the own one of this process), or takes one that is there and empty. The
 * directory must be delegated to this user: with systemd `Delegate=yes`, in a container a writable /sys/fs/cgroup.
 *
 * Throws `ERR_NOT_SUPPORTED` where there is no cgroup2 (or a kernel before 5.14), `ERR_NOT_PERMITTED` where it is not
 * delegated, and `ERR_BAD_ARGUMENT` for a name that cannot be, or that is in use.
 */
export function createCgroup(name: string, { under }: { under?: string | undefined } = {}): Cgroup {
  if (!/^[^/\0]{1,255}$/.test(name) || /^\.\.?$|^cgroup\./.test(name))
    throw new KindredError('ERR_BAD_ARGUMENT', `${JSON.stringify(name)} cannot name a cgroup`);
  const parent = under ?? ownCgroup();
  if (parent === undefined)
    throw new KindredError(
      'ERR_NOT_SUPPORTED',
      'there is no cgroup of version 2 that this process is in: mount a cgroup2 file system, and give a directory of it as `under`',
    );
  const directory = `${parent.replace(/\/+$/, '')}/${name}`;
  try {
    fs().mkdirSync(directory);
  } catch (error) {
    if (codeOf(error) !== 'EEXIST') throw denied(`no cgroup can be made in ${parent}`, error);
  }
  const cgroup = openCgroup(directory);
  const members = cgroup.members();
  if (members.length > 0)
    throw new KindredError(
      'ERR_BAD_ARGUMENT',
      `the cgroup ${directory} is in use, by ${namesOf(members)}: take another name, or end them with openCgroup(...).remove()`,
    );
  return cgroup;
}

/** A cgroup that is there already, such as one that an earlier run has left. Throws `ERR_NOT_SUPPORTED` for what is none. */
export function openCgroup(directory: string): Cgroup {
  if (!fs().existsSync(`${directory}/cgroup.kill`))
    throw new KindredError(
      'ERR_NOT_SUPPORTED',
      `${directory} has no cgroup.kill: it must be a directory of a cgroup2 file system, of Linux 5.14 or later, and not its root`,
    );
  return {
    directory,
    add: (pid) => add(directory, pid),
    members: () => membersOf(directory),
    kill: () => kill(directory),
    empty: (options) => until(directory, () => isEmpty(directory), options),
    remove: (options) => remove(directory, options),
  };
}

/** A program and its arguments, as `spawn` takes them. */
export interface Command {
  command: string;
  args: readonly string[];
}

/**
 * The same program, started inside a cgroup: it is a member before it runs its first instruction, and so is all that it
 * starts. The arguments stay arguments, and the process stays the same (no other one is between).
 *
 * A shell lets it in, and that has its price: of the environment it hands on only variables whose names a shell can hold,
 * and adds `PWD`. Where the cgroup does not let it in, the exit code is 125, and stderr says why; a program that is not
 * found is exit code 127.
 */
export function inCgroup(directory: string, command: string, args: readonly string[] = []): Command {
  // What is a name for `spawn` must not be an option for the shell.
  if (command.startsWith('-'))
    throw new KindredError(
      'ERR_BAD_ARGUMENT',
      `${command} cannot be started in a cgroup by that name: give its path`,
    );
  const enter = 'echo $$ > "$1/cgroup.procs" || exit 125; shift; exec "$@"';
  return { command: '/bin/sh', args: ['-c', enter, 'kindred', directory, command, ...args] };
}

function add(directory: string, pid: number): boolean {
  try {
    fs().writeFileSync(`${directory}/cgroup.procs`, String(pid));
    return true;
  } catch (error) {
    if (codeOf(error) === 'ESRCH') return false;
    throw denied(`process ${pid} cannot be put into the cgroup ${directory}`, error);
  }
}

function membersOf(directory: string): ProcessIdentity[] {
  const own = read(directory, 'cgroup.procs')
    .split('\n')
    // 0 is a process of another pid namespace, which has no number here.
    .filter((pid) => Number(pid) > 0)
    .map((pid) => identityOfProcess(Number(pid)));
  return [...own, ...below(directory).flatMap(membersOf)];
}

function kill(directory: string): void {
  if (membersOf(directory).some(({ pid }) => pid === process.pid))
    throw new KindredError('ERR_BAD_ARGUMENT', `this process is in the cgroup ${directory} itself`);
  try {
    fs().writeFileSync(`${directory}/cgroup.kill`, '1');
  } catch (error) {
    // Gone, and so with everybody.
    if (!isGone(error)) throw denied(`the cgroup ${directory} cannot be killed`, error);
  }
}

function isEmpty(directory: string): boolean {
  return !/^populated 1$/m.test(read(directory, 'cgroup.events'));
}

async function remove(directory: string, options: CgroupWaitOptions = {}): Promise<void> {
  kill(directory);
  await until(
    directory,
    () => {
      if (isEmpty(directory) && removeEmpty(directory)) return true;
      // Somebody may have been let in meanwhile.
      kill(directory);
      return false;
    },
    options,
  );
}

/** Nobody tells of the end in a way that Node.js can hear for certain: it looks again and again, the longer the less often. */
async function until(
  directory: string,
  isDone: () => boolean,
  { signal, timeoutMs = 10_000, clock = systemClock }: CgroupWaitOptions = {},
): Promise<void> {
  const end = clock.now() + timeoutMs;
  for (let pauseMs = 1; !isDone(); pauseMs = Math.min(pauseMs * 2, 50)) {
    if (signal?.aborted)
      throw new KindredError('ERR_CANCELLED', `waiting for the cgroup ${directory} was cancelled`, {
        cause: signal.reason,
      });
    if (clock.now() >= end)
      throw new KindredError(
        'ERR_TIMEOUT',
        `the cgroup ${directory} was not empty within ${timeoutMs} ms: ${namesOf(membersOf(directory))}`,
      );
    await new Promise<void>((resolve) => void clock.after(pauseMs, resolve));
  }
}

/** False where it is not empty any more. */
function removeEmpty(directory: string): boolean {
  if (!below(directory).every(removeEmpty)) return false;
  try {
    fs().rmdirSync(directory);
  } catch (error) {
    if (codeOf(error) === 'EBUSY') return false;
    if (!isGone(error)) throw denied(`the cgroup ${directory} cannot be removed`, error);
  }
  return true;
}

/** The cgroups right below; none where it is gone. */
function below(directory: string): string[] {
  try {
    return fs()
      .readdirSync(directory, { withFileTypes: true })
      .filter((entry) => entry.isDirectory())
      .map(({ name }) => `${directory}/${name}`);
  } catch (error) {
    if (isGone(error)) return [];
    throw error;
  }
}

/** Nothing where the cgroup is gone. */
function read(directory: string, file: string): string {
  try {
    return fs().readFileSync(`${directory}/${file}`, 'utf8');
  } catch (error) {
    if (isGone(error)) return '';
    throw error;
  }
}

function namesOf(members: readonly ProcessIdentity[]): string {
  return `process ${members.map(({ pid }) => pid).join(', ')}`;
}

function codeOf(error: unknown): string | undefined {
  return (error as NodeJS.ErrnoException).code;
}

/** ENODEV: a file of it was open when it went. */
function isGone(error: unknown): boolean {
  return codeOf(error) === 'ENOENT' || codeOf(error) === 'ENODEV';
}

function denied(what: string, error: unknown): KindredError {
  const isForbidden = ['EACCES', 'EPERM', 'EROFS'].includes(codeOf(error) ?? '');
  return new KindredError(
    isForbidden ? 'ERR_NOT_PERMITTED' : 'ERR_NOT_SUPPORTED',
    `${what}: ${(error as Error).message}${isForbidden ? '; it must be delegated to this user' : ''}`,
    { cause: error },
  );
}

/** To import it costs every program 3 ms, also those that have no cgroup. */
function fs() {
  return process.getBuiltinModule('node:fs');
}
