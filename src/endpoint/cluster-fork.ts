/**
 * A worker of `node:cluster`, started with settings of its own: those that the program has made by `setupPrimary` stay.
 *
 * Connections are not handed out one by one (`cluster.SCHED_RR`), which is Node's default: the cores accept from a socket
 * that they share (`SCHED_NONE`). A connection that was handed to a worker which is killed before it has said so is never
 * answered and never closed (measured: 1 of 20 hangs, and its descriptor stays); one that waits in the shared socket is
 * accepted by another.
 */
import type { Cluster, ClusterSettings, Worker } from 'node:cluster';
import { isMainThread } from 'node:worker_threads';
import { KindredError } from '../base/errors.ts';

export interface ClusterForkOptions {
  exec: string;
  args: readonly string[];
  execArgv: readonly string[];
  cwd: string | undefined;
  /** Exact. */
  env: NodeJS.ProcessEnv;
  /** With `ipc` among them. */
  stdio: readonly ('ignore' | 'inherit' | 'ipc' | 'pipe' | 'overlapped')[];
}

/**
 * To be called before the first worker of this process is started: it holds for all of them. Throws `ERR_NOT_SUPPORTED`
 * where this is a worker itself, and `ERR_BAD_ARGUMENT` for a policy that is not the one that holds already.
 */
export function prepareCluster(policy: 'none' | 'rr' | undefined): void {
  const cluster = nodeCluster();
  if (!isMainThread || !cluster.isPrimary)
    throw new KindredError(
      'ERR_NOT_SUPPORTED',
      `this is ${isMainThread ? 'a worker of node:cluster' : 'a worker thread'}: start cores from the main thread of the program itself`,
    );
  if (policy !== undefined && policy !== 'none' && policy !== 'rr')
    throw wrong('there are none and rr', policy);
  const isFixed = Object.keys(cluster.settings).length > 0;
  const known = { none: cluster.SCHED_NONE, rr: cluster.SCHED_RR };
  if (!isFixed && (policy !== undefined || process.env['NODE_CLUSTER_SCHED_POLICY'] === undefined))
    cluster.schedulingPolicy = known[policy ?? 'none'];
  else if (policy !== undefined && cluster.schedulingPolicy !== known[policy])
    throw wrong('another one holds already for all workers of this process', policy);
}

/** A worker that could not be started says so by the event `error` of its process. */
export function clusterFork({ env, stdio, execArgv, args, ...options }: ClusterForkOptions): Worker {
  const cluster = nodeCluster();
  const before = cluster.settings;
  cluster.setupPrimary({ ...options, args: [...args], execArgv: [...execArgv], stdio: [...stdio] });
  try {
    // Node.js adds what is given to its own environment; what is undefined it leaves out.
    const without = Object.fromEntries(Object.keys(process.env).map((name) => [name, undefined]));
    const worker = cluster.fork({ ...without, ...env });
    // The event is told by the process, too.
    return worker.on('error', () => {});
  } finally {
    cluster.setupPrimary({
      exec: before.exec ?? process.argv[1],
      args: before.args ?? process.argv.slice(2),
      execArgv: before.execArgv ?? process.execArgv,
      cwd: before.cwd,
      stdio: before.stdio,
    } as ClusterSettings);
  }
}

/** It has ended, or never started: Node.js forgets it and what it held, also where it would wait for the end of its channel. */
export function forget(worker: Worker): void {
  // With a handle on its way this end of the channel is never told of the other's (measured).
  if (worker.isConnected()) worker.process.disconnect();
  const { workers } = nodeCluster();
  if (worker.process.pid === undefined && workers !== undefined) delete workers[worker.id];
}

/** Loaded by those programs only that have cores. */
function nodeCluster(): Cluster {
  return process.getBuiltinModule('node:cluster') as unknown as Cluster;
}

function wrong(why: string, policy: unknown): KindredError {
  return new KindredError('ERR_BAD_ARGUMENT', `schedulingPolicy is ${JSON.stringify(policy)}: ${why}`);
}
