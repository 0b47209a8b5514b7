/** Measures a piece of work from outside: time, and what the operating system says of both sides and of all others. */
import { spawnSync } from 'node:child_process';
import { busyMs, cpuMs, descendants, endedChildrenMs, forgetPeak, memory } from './operating-system.ts';

export interface Usage {
  wallMs: number;
  /** Processor time. Where both sides live in one process (a thread), all of it is the client's. */
  clientCpuMs: number;
  serverCpuMs: number;
  clientPeakKiB: number;
  serverPeakKiB: number;
  /** How many processors' worth of time went to other processes meanwhile, of those that this one may use. */
  others: number;
}

let processor: number | undefined;

/**
 * What is measured runs on this processor alone, with all threads of both sides. They warm up on all processors, where
 * the compiler has one of its own.
 */
export function pinMeasured(to: number): void {
  processor = to;
}

function pin(pid: number): void {
  const { status, stderr } = spawnSync('taskset', ['-acp', String(processor), String(pid)]);
  if (status !== 0) throw new Error(`process ${pid} could not be pinned: ${stderr}`);
}

/** Everything that this process has started is the server side. */
export async function meter<T>(work: () => Promise<T>): Promise<{ result: T; usage: Usage }> {
  const servers = descendants(process.pid);
  if (processor !== undefined) [process.pid, ...servers].map(pin);
  for (const pid of [process.pid, ...servers]) forgetPeak(pid);
  const read = () => ({
    at: performance.now(),
    busy: busyMs(),
    client: cpuMs(process.pid) + endedChildrenMs(),
    server: sum(servers.map(cpuMs)),
  });
  const before = read();
  const result = await work();
  const after = read();
  const wallMs = after.at - before.at;
  const clientCpuMs = after.client - before.client;
  const serverCpuMs = after.server - before.server;
  return {
    result,
    usage: {
      wallMs,
      clientCpuMs,
      serverCpuMs,
      clientPeakKiB: memory(process.pid).peakKiB,
      serverPeakKiB: sum(servers.map((pid) => memory(pid).peakKiB)),
      others: Math.max(0, (after.busy - before.busy - clientCpuMs - serverCpuMs) / wallMs),
    },
  };
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((a, b) => a + b, 0);
}
