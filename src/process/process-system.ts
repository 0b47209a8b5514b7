/**
 * The operating system, as far as processes go: to signal them, and to read what /proc says of them. As one value, so
 * that a test can stage a pid that was given to another process.
 */

export interface ProcessSystem {
  /** A negative pid is a process group. Throws what Node.js throws: `ESRCH`, `EPERM`. */
  kill(pid: number, signal: NodeJS.Signals | 0): void;
  /** Undefined where there is no such process, or no /proc (anything but Linux). */
  stat(pid: number): ProcessStat | undefined;
  /** All processes that can be seen; none where there is no /proc. */
  all(): ProcessStat[];
  /** Differs from boot to boot; undefined where the system does not tell. */
  bootId(): string | undefined;
}

/** What /proc/PID/stat says. */
export interface ProcessStat {
  pid: number;
  parent: number;
  /** The process group. */
  group: number;
  session: number;
  /** In clock ticks since boot. */
  started: number;
  /** By SIGSTOP or a terminal. */
  stopped: boolean;
  /** It runs nothing any more: its parent has only not asked yet how it ended. */
  ended: boolean;
}

export const thisSystem: ProcessSystem = {
  kill: (pid, signal) => void process.kill(pid, signal),
  stat: statOf,
  all() {
    const { readdirSync } = fs();
    try {
      return readdirSync('/proc').flatMap((entry) =>
        /^\d+$/.test(entry) ? (statOf(Number(entry)) ?? []) : [],
      );
    } catch {
      return [];
    }
  },
  bootId() {
    try {
      return fs().readFileSync('/proc/sys/kernel/random/boot_id', 'latin1').trim();
    } catch {
      return undefined;
    }
  },
};

function statOf(pid: number): ProcessStat | undefined {
  try {
    return readStat(fs().readFileSync(`/proc/${pid}/stat`, 'latin1'));
  } catch {
    return undefined;
  }
}

/** `4711 (its name) S 1 4711 4711 0 ...`; the name may hold blanks and brackets. */
export function readStat(line: string): ProcessStat | undefined {
  const fields = line.slice(line.lastIndexOf(')') + 2).split(' ');
  // Numbered from 3 in proc(5): the state is the first one behind the name.
  const field = (number: number): number => Number(fields[number - 3]);
  const state = fields[0] as string;
  const stat = {
    pid: Number.parseInt(line, 10),
    parent: field(4),
    group: field(5),
    session: field(6),
    started: field(22),
    stopped: state === 'T',
    // Where only the first thread has ended, and others run on, it is shown as ended, too.
    ended: (state === 'Z' || state === 'X') && field(20) <= 1,
  };
  return Number.isSafeInteger(stat.pid) && Number.isSafeInteger(stat.started) ? stat : undefined;
}

/** To import it costs every program 3 ms, also those that end no process. */
function fs() {
  return process.getBuiltinModule('node:fs');
}
