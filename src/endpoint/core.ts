/** One core: a worker of `node:cluster` that hosts a module, with a channel for calls on a descriptor of its own. */
import type { Address as ClusterAddress, Worker } from 'node:cluster';
import { resolve } from 'node:path';
import type { Duplex } from 'node:stream';
import { fileURLToPath } from 'node:url';
import type { Clock } from '../base/clock.ts';
import { KindredError } from '../base/errors.ts';
import { channelVariable } from '../process/channel-variable.ts';
import { inheritedEnv } from '../process/environment.ts';
import type { Exit } from '../process/outcome.ts';
import { hideTie, planParentDeathHere } from '../process/parent-death-means.ts';
import { pipe } from '../process/stdio.ts';
import { formatAddress } from '../transports/address.ts';
import { endAfterExit } from '../transports/child-streams.ts';
import { createStreamTransport } from '../transports/stream.ts';
import { clusterFork, forget } from './cluster-fork.ts';
import type { HostOptions } from './host.ts';
import { endWithin, fileOf, type Home, type Hosted, openHosted, peerOver } from './hosted.ts';

export interface CoreOptions extends HostOptions {
  listen: readonly (number | string)[];
  startMs: number;
  graceMs: number;
}

export interface Core<Module> {
  readonly hosted: Hosted<Module>;
  /** Where it listens now. */
  readonly addresses: ReadonlySet<string>;
}

/** What a core has beyond its grace, in milliseconds: it ends by itself then, and needs that for its output. */
const lastWordsMs = 2000;

/** Resolves when it is ready. Throws `ERR_START_FAILED`, and leaves nothing, where that fails or the signal fires. */
export async function openCore<Module>(
  url: string,
  options: CoreOptions,
  signal: AbortSignal,
  clock: Clock,
): Promise<Core<Module>> {
  const worker = start(url, options);
  const addresses = new Set<string>();
  const { missing, listening } = watchListening(worker, options.listen, addresses);
  const home = await homeOf(worker, url, options);
  const giveUp = (): void => void home.peer.close();
  signal.addEventListener('abort', giveUp);
  if (signal.aborted) giveUp();
  try {
    const missed = (): string => [...missing].map((at) => (at === 0 ? 'any port' : at)).join(', ');
    const readiness = { done: listening, missing: () => `does not listen at ${missed()}` };
    const hosted = await openHosted<Module>(url, home, options.startMs, readiness, clock);
    // One that has closed its channel has to end.
    void hosted.closed.then(() => hosted.close());
    return { hosted, addresses };
  } finally {
    signal.removeEventListener('abort', giveUp);
  }
}

/** Behind the standard streams and the channel of Node's own. */
const descriptor = 4;

function start(url: string, { cwd, env, execArgv = process.execArgv, graceMs }: CoreOptions): Worker {
  const told = { ...(env ?? inheritedEnv()), [channelVariable]: `fd:${descriptor};kindred` };
  const tied = planParentDeathHere({
    command: process.execPath,
    args: [],
    isNode: true,
    env: told,
    descriptor: descriptor + 1,
    onParentDeath: 'die',
    graceMs: graceMs + lastWordsMs,
  });
  const worker = clusterFork({
    exec: fileURLToPath(entry()),
    args: [url, String(graceMs)],
    execArgv: [...execArgv, ...tied.execArgv],
    cwd,
    env: { ...told, ...tied.env },
    stdio: ['ignore', 'inherit', 'inherit', 'ipc', pipe, ...(tied.extraDescriptor ? [pipe] : [])],
  });
  hideTie(worker.process, { ...tied, shown: undefined });
  return worker;
}

/** This file's neighbour, in the sources and in what is published. */
function entry(): URL {
  return new URL(import.meta.url.endsWith('.ts') ? './core-main.ts' : './core-main.js', import.meta.url);
}

async function homeOf(worker: Worker, url: string, options: CoreOptions): Promise<Home> {
  const child = worker.process;
  const exited = new Promise<Exit>((done, fail) => {
    child.once('exit', (exitCode, signal) => {
      forget(worker);
      done({ exitCode, signal });
    });
    child.once('error', (cause) => {
      if (child.pid !== undefined) return;
      forget(worker);
      fail(
        new KindredError('ERR_START_FAILED', `${url} could not be started: ${cause.message}`, {
          cause,
          outcome: 'not-sent',
        }),
      );
    });
  });
  exited.catch(() => {});
  // Where it never started, this says why.
  if (child.pid === undefined) await exited;
  const stream = child.stdio[descriptor] as Duplex;
  const name = `${fileOf(url)} in process ${child.pid}`;
  const transport = endAfterExit(child, stream, createStreamTransport(name, stream));
  return {
    peer: peerOver(transport, name, options),
    pid: child.pid,
    exited,
    holder: child,
    kill: () => child.kill('SIGKILL'),
    end: () => endWithin(options.graceMs + lastWordsMs, exited, () => child.kill('SIGKILL')),
  };
}

/** `listening` resolves when it listens at each of these; where it listens goes on to be written down. */
function watchListening(
  worker: Worker,
  wanted: readonly (number | string)[],
  addresses: Set<string>,
): { missing: ReadonlySet<number | string>; listening: Promise<void> } {
  const missing = new Set(wanted.map((at) => (typeof at === 'string' ? resolve(at) : at)));
  const listening = new Promise<void>((done) => {
    if (missing.size === 0) done();
    worker.on('listening', ({ address, port, addressType }: ClusterAddress) => {
      if (addressType === -1) {
        missing.delete(address);
        addresses.add(formatAddress({ kind: 'unix', path: address }));
      } else if (typeof addressType === 'number') {
        missing.delete(port);
        // Any port was asked for.
        missing.delete(0);
        addresses.add(formatAddress({ kind: 'tcp', host: address ?? '::', port }));
      }
      if (missing.size === 0) done();
    });
  });
  return { missing, listening };
}
