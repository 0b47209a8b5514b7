/** What processes use, each with all that descends from it: from /proc, elsewhere from `ps`. */
import { readFileSync } from 'node:fs';
import { execFile } from '../../process/exec.ts';
import type { ProcessIdentity } from '../../process/process-identity.ts';
import { type ProcessSystem, thisSystem } from '../../process/process-system.ts';

export interface Sample {
  /** Of the processor, since it began, with what its ended and waited for children have used; in milliseconds. */
  cpuMs: number;
  /** Resident; pages that several processes share count for each. */
  memoryBytes: number;
  /** It and its descendants. */
  processes: number;
}

/** What one process uses. */
interface Use {
  cpuMs: number;
  memoryBytes: number;
}

/**
 * In the order in which they are asked for; undefined for one that has gone. One look at all processes serves them all.
 * Descendants that have lost their parent are not seen.
 */
export async function sample(
  roots: readonly ProcessIdentity[],
  system: ProcessSystem = thisSystem,
): Promise<(Sample | undefined)[]> {
  if (roots.length === 0) return [];
  const all = system.all();
  const found =
    all.length > 0
      ? {
          processes: all.filter(({ ended }) => !ended),
          useOf: useByProc,
        }
      : await byPs();
  const children = new Map<number, number[]>();
  const there = new Map(found.processes.map((each) => [each.pid, each]));
  for (const { pid, parent } of found.processes) {
    const siblings = children.get(parent);
    if (siblings === undefined) children.set(parent, [pid]);
    else siblings.push(pid);
  }
  return roots.map((root) => {
    const now = there.get(root.pid);
    if (now === undefined || !isRoot(root, now)) return undefined;
    const sum: Sample = { cpuMs: 0, memoryBytes: 0, processes: 0 };
    const waiting = [root.pid];
    for (let pid = waiting.pop(); pid !== undefined; pid = waiting.pop()) {
      const use = found.useOf(pid);
      waiting.push(...(children.get(pid) ?? []));
      if (use === undefined) continue;
      sum.cpuMs += use.cpuMs;
      sum.memoryBytes += use.memoryBytes;
      sum.processes++;
    }
    return sum.processes === 0 ? undefined : sum;
  });
}

/** What does not tell when a process has started cannot tell it from another one of the same pid. */
function isRoot({ started }: ProcessIdentity, now: { started?: number }): boolean {
  return started === undefined || now.started === undefined || started === now.started;
}

/** Ticks of the clock in which Linux tells times, a second: so for every program, whatever the kernel counts in. */
const ticksPerSecond = 100;

function useByProc(pid: number): Use | undefined {
  try {
    const line = readFileSync(`/proc/${pid}/stat`, 'latin1');
    const fields = line.slice(line.lastIndexOf(')') + 2).split(' ');
    // utime, stime, cutime and cstime: numbered from 3 in proc(5).
    const ticks = [14, 15, 16, 17].reduce((sum, number) => sum + Number(fields[number - 3]), 0);
    const resident = /^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'latin1'))?.[1];
    return { cpuMs: (ticks / ticksPerSecond) * 1000, memoryBytes: Number(resident ?? 0) * 1024 };
  } catch {
    return undefined;
  }
}

interface Listed {
  processes: { pid: number; parent: number; started?: number }[];
  useOf(pid: number): Use | undefined;
}

/** How long `ps` may take, in milliseconds. */
const psMs = 2000;

async function byPs(): Promise<Listed> {
  const uses = new Map<number, Use>();
  const processes: Listed['processes'] = [];
  const listed = await execFile('ps', ['-A', '-o', 'pid=,ppid=,rss=,time='], { timeout: psMs }).catch(
    () => undefined,
  );
  for (const line of listed?.stdout.split('\n') ?? []) {
    const [pid, parent, kilobytes, time] = line.trim().split(/\s+/);
    if (time === undefined) continue;
    processes.push({ pid: Number(pid), parent: Number(parent) });
    uses.set(Number(pid), { cpuMs: readTime(time), memoryBytes: Number(kilobytes) * 1024 });
  }
  return { processes, useOf: (pid) => uses.get(pid) };
}

/** `1-02:03:04`, `02:03:04` or `3:04.56`, in milliseconds. */
export function readTime(text: string): number {
  const [, days = 0, hours = 0, minutes, seconds] =
    /^(?:(\d+)-)?(?:(\d+):)?(\d+):(\d+(?:\.\d+)?)$/.exec(text) ?? [];
  if (minutes === undefined) return 0;
  return Math.round(
    (((Number(days) * 24 + Number(hours)) * 60 + Number(minutes)) * 60 + Number(seconds)) * 1000,
  );
}
