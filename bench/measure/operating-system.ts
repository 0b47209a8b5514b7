/**
 * What the operating system says of processes: processor time, memory, and what others did meanwhile. Linux's `/proc`;
 * elsewhere only the time and memory of this process are known, and no round counts as disturbed.
 */
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';

export const hasProc: boolean = existsSync('/proc/self/clear_refs');

/** Milliseconds of a tick in `/proc/stat`: Linux says hundredths of a second there, whatever its own clock. */
const tickMs = 10;

/** As `/proc/stat` calls them: one where this process is pinned, else all. */
function ownProcessors(): ReadonlySet<string> {
  const allowed = /Cpus_allowed_list:\s+(\S+)/.exec(read('/proc/self/status'))?.[1] ?? '';
  return new Set(
    allowed.split(',').flatMap((range) => {
      const [first = 0, last = first] = range.split('-').map(Number);
      return Array.from({ length: last - first + 1 }, (_, i) => `cpu${first + i}`);
    }),
  );
}

/** Time that the processors on which this process may run were busy since the machine started, in milliseconds. */
export function busyMs(): number {
  if (!hasProc) return 0;
  const own = ownProcessors();
  let ticks = 0;
  for (const line of read('/proc/stat').split('\n')) {
    const [name = '', ...times] = line.split(/\s+/);
    if (!own.has(name)) continue;
    const [user = 0, nice = 0, system = 0, , , irq = 0, softirq = 0, steal = 0] = times.map(Number);
    ticks += user + nice + system + irq + softirq + steal;
  }
  return ticks * tickMs;
}

/** Processor time of a process, all its threads together, in milliseconds, to the microsecond. 0 where it is gone. */
export function cpuMs(pid: number): number {
  if (!hasProc) {
    if (pid !== process.pid) return 0;
    const { user, system } = process.cpuUsage();
    return (user + system) / 1000;
  }
  let nanoseconds = 0;
  for (const thread of list(`/proc/${pid}/task`))
    nanoseconds += Number(read(`/proc/${pid}/task/${thread}/schedstat`).split(' ', 1)[0]);
  return nanoseconds / 1e6;
}

/** Processor time of the processes that this one has started and seen end, in milliseconds. */
export function endedChildrenMs(): number {
  // Behind the name, which may hold anything: fields 16 and 17, in ticks.
  const fields = read('/proc/self/stat').split(') ').at(-1)?.split(' ') ?? [];
  return (Number(fields[13] ?? 0) + Number(fields[14] ?? 0)) * tickMs;
}

export interface Memory {
  /** What is in memory now, and the most that was since `forgetPeak`, in KiB. */
  residentKiB: number;
  peakKiB: number;
}

export function memory(pid: number): Memory {
  if (!hasProc) {
    const residentKiB = pid === process.pid ? process.memoryUsage.rss() / 1024 : 0;
    return { residentKiB, peakKiB: residentKiB };
  }
  const status = read(`/proc/${pid}/status`);
  const field = (name: string): number => Number(new RegExp(`${name}:\\s+(\\d+)`).exec(status)?.[1] ?? 0);
  return { residentKiB: field('VmRSS'), peakKiB: field('VmHWM') };
}

/** From here on the peak is counted anew. */
export function forgetPeak(pid: number): void {
  if (hasProc && existsSync(`/proc/${pid}`)) writeFileSync(`/proc/${pid}/clear_refs`, '5');
}

/** The processes that a process has started, and those that they have started. */
export function descendants(pid: number): number[] {
  const children = list(`/proc/${pid}/task`).flatMap((thread) =>
    read(`/proc/${pid}/task/${thread}/children`).split(' ').filter(Boolean).map(Number),
  );
  return children.flatMap((child) => [child, ...descendants(child)]);
}

function read(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return ''; // The process or thread has ended meanwhile.
  }
}

function list(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}
