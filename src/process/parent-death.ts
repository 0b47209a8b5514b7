/**
 * How a child is to end with its parent, also with one that is killed: a plan, made before it is started.
 *
 * | how | for | what happens when this process is gone |
 * | --- | --- | --- |
 * | `watcher` | Node.js | a thread in the child sees it, although its event loop may be blocked: SIGTERM, then SIGKILL |
 * | `pdeathsig` | other programs, and Node.js that has no time to end (`graceMs` 0), where there is `setpriv` (Linux) | the kernel sends SIGKILL |
 * | `channel` | all others | its channel comes to its end; one that does not care lives on |
 * | `none` | `survive` | nothing |
 *
 * What the kernel's signal does not cover: the millisecond between the start of `setpriv` and its call; a program that
 * changes its user (`sudo`), which clears it. It fires when the thread that started the child ends, so that a child of a
 * worker thread goes without; the watcher of such a child looks every half second whether the process lives.
 */
import { defaultOrphanGraceMs, type ParentTie, parentVariable, sayTie } from './parent-tie.ts';
import type { ProcessIdentity } from './process-identity.ts';

/** What becomes of a child when the process that started it is gone, however that comes about. */
export type OnParentDeath = 'die' | 'survive';

export interface ParentDeathRequest {
  onParentDeath: OnParentDeath;
  /** The program and its arguments as the system gets them: of a shell, the shell. */
  command: string;
  args: readonly string[];
  /** The program is Node.js, and its arguments begin with flags of Node.js. */
  isNode: boolean;
  /** The flags of Node.js that the child gets besides, by NODE_OPTIONS. */
  flags?: readonly string[] | undefined;
  /** The number of the first descriptor that the child has no other use for. Undefined: it can be given none. */
  descriptor?: number | undefined;
  /** How long a Node.js child may take to end, in milliseconds. Default 5000. */
  graceMs?: number | undefined;
  /** Whether another program may start it: it was found, and its `argv[0]` is its name. (The system tells of one that is missing.) */
  isWrappable: boolean;
}

/** What there is to do it with. */
export interface ParentDeathMeans {
  isMainThread: boolean;
  /** Of this process. */
  self(): ProcessIdentity;
  /** Its path, where it knows `--pdeathsig`. */
  setpriv: string | undefined;
  /** The file that starts the watching thread in the child. */
  watcher: string | undefined;
}

export interface ParentDeathPlan {
  how: 'watcher' | 'pdeathsig' | 'channel' | 'none';
  command: string;
  args: readonly string[];
  /** Flags of Node.js, to stand before `args`. */
  execArgv: readonly string[];
  /** To be added to the child's environment. */
  env: Readonly<Record<string, string>>;
  /** Whether a pipe is to be opened at `descriptor`, whose other end this process holds (`holdTie`). */
  extraDescriptor: boolean;
}

export function planParentDeath(request: ParentDeathRequest, means: ParentDeathMeans): ParentDeathPlan {
  const { onParentDeath, command, args, descriptor, graceMs = defaultOrphanGraceMs } = request;
  const plan = { command, args, execArgv: [], env: {}, extraDescriptor: false };
  if (onParentDeath === 'survive') return { how: 'none', ...plan };
  const canBeSignalled =
    means.setpriv !== undefined && means.isMainThread && request.isWrappable && !command.startsWith('-');
  // To have nothing but the end watched, a thread (50 ms of a processor, 10 MiB) is too much.
  const isAtOnce = graceMs === 0 && canBeSignalled;
  if (request.isNode && !isAtOnce && means.watcher !== undefined && takesWatcher(request)) {
    // What a thread opens is closed when the thread ends; its process lives on.
    const fd = means.isMainThread ? descriptor : undefined;
    const tie: ParentTie = { parent: means.self(), fd, graceMs };
    return {
      ...plan,
      how: 'watcher',
      // `--import` would have the program loaded by another loader than without it, which refuses unknown file extensions.
      execArgv: [`--require=${means.watcher}`],
      env: { [parentVariable]: sayTie(tie) },
      extraDescriptor: fd !== undefined,
    };
  }
  if (canBeSignalled)
    return {
      ...plan,
      how: 'pdeathsig',
      command: means.setpriv as string,
      args: ['--pdeathsig', 'KILL', '--', command, ...args],
    };
  return { how: 'channel', ...plan };
}

/**
 * The permission model of Node.js, and a Node.js that may not `require` modules of ES, would stop the child at its start; and
 * one that only starts others (`--watch`, `--run`) does not load what it is told to.
 */
function takesWatcher({ args, flags = [] }: ParentDeathRequest): boolean {
  // Node.js takes whatever can be text.
  const all = args.map(String);
  const end = all.findIndex((arg) => !arg.startsWith('-'));
  const own = end < 0 ? all : all.slice(0, end);
  return ![...own, ...flags].some((flag) =>
    /^--((experimental-)?permission|no-(experimental-)?require-module|(watch|watch-path|run)(=.*)?)$/.test(
      flag,
    ),
  );
}
