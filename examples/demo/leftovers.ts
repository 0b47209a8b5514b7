/** What a program has left behind: processes, sockets and timers. An empty list is what the demo ends with. */
import { readdirSync, readFileSync } from 'node:fs';
import { setTimeout as pause } from 'node:timers/promises';

/** What was closed a moment ago may take so long to be gone. */
const settleMs = 2000;

/**
 * In words; empty where there is nothing. `pids`: processes that were started; on Linux children are found without.
 * `resources`: what may keep this process alive (of `process.getActiveResourcesInfo()`).
 */
export async function leftovers(pids: Iterable<number>, resources: readonly string[]): Promise<string[]> {
  const processes = new Set(pids);
  for (const until = performance.now() + settleMs; ; await pause(10)) {
    const found = look(processes, resources);
    if (found.length === 0 || performance.now() > until) return found;
  }
}

function look(pids: Iterable<number>, resources: readonly string[]): string[] {
  const found: string[] = [];
  for (const pid of new Set([...pids, ...descendants(process.pid)]))
    if (isAlive(pid)) found.push(`process ${pid}`);
  const before = [...resources];
  for (const resource of process.getActiveResourcesInfo()) {
    const at = before.indexOf(resource);
    if (at >= 0) before.splice(at, 1);
    else found.push(`a resource that keeps the process alive: ${resource}`);
  }
  return found;
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

/** Children of a process, and theirs. Only Linux tells. */
function descendants(pid: number): number[] {
  if (process.platform !== 'linux') return [];
  const parents = new Map<number, number>();
  for (const entry of readdirSync('/proc')) {
    if (!/^\d+$/.test(entry)) continue;
    try {
      // pid (name, which may hold anything) state parent ...
      const [, parent] = readFileSync(`/proc/${entry}/stat`, 'utf8').split(') ').at(-1)?.split(' ') ?? [];
      parents.set(Number(entry), Number(parent));
    } catch {
      // It ended while we looked.
    }
  }
  const below = (of: number): number[] =>
    [...parents].filter(([, parent]) => parent === of).flatMap(([child]) => [child, ...below(child)]);
  return below(pid);
}
