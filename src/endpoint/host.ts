/** `host`: a module in another process, in a thread, or in place, called as if it were imported. */
import { type ResourceLimits, Worker } from 'node:worker_threads';
import { KindredError } from '../base/errors.ts';
import { createMemoryPair } from '../channel/memory.ts';
import { InPlacePassage } from '../handles/in-place.ts';
import type { Exit } from '../process/outcome.ts';
import { fork } from '../process/spawn.ts';
import type { Service } from '../rpc/service.ts';
import { checkService, limitsOf } from './check-options.ts';
import { defaultGraceMs } from './end-of-input.ts';
import type { HostData } from './host-main.ts';
import {
  type EndOptions,
  endWithin,
  fileOf,
  type Home,
  type Hosted,
  moduleUrl,
  openHosted,
  peerOver,
} from './hosted.ts';
import { openPeer } from './open-peer.ts';
import { reach } from './reach.ts';
import { remarksIn } from './remarks.ts';

export interface HostOptions extends EndOptions {
  /** Default `process`. */
  in?: 'process' | 'thread' | 'here' | undefined;
  /** How long the module may take to load, in milliseconds. Default 30,000. */
  startMs?: number | undefined;
  /** How long what runs may take to finish, and it to end, after `close`, before it is killed, in milliseconds. Default 5000. */
  graceMs?: number | undefined;
  /** For a process or thread: its environment, exact where given. Default: that of this process. */
  env?: NodeJS.ProcessEnv | undefined;
  /** Flags of Node.js. Default: those of this process. */
  execArgv?: readonly string[] | undefined;
  /** For a process. Default: that of this process. */
  cwd?: string | undefined;
  /** For a thread: what it may use of memory, as for Node's own `new Worker`. */
  resourceLimits?: ResourceLimits | undefined;
}

export const defaultStartMs = 30_000;

const homes = { process: inProcess, thread: inThread, here: inPlace };

/**
 * Serves a module's exported functions from a child process, a thread or in place. The module needs no code for it.
 *
 * Throws `ERR_START_FAILED` where the module cannot be loaded in time; its error is in the message.
 *
 * ```ts
 * await using maths = await host<typeof import('./math.ts')>(new URL('./math.ts', import.meta.url));
 * await maths.call.add(1, 2);
 * ```
 */
export async function host<Module = unknown>(
  module: URL | string,
  options: HostOptions = {},
): Promise<Hosted<Module>> {
  const url = moduleUrl('host', module);
  checkHost('host', options);
  const home = await openHome(url, options);
  return openHosted(url, home, options.startMs ?? defaultStartMs);
}

/** What is wrong is refused before anything is started. Throws `ERR_BAD_ARGUMENT`. */
export function checkHost(caller: string, { in: place = 'process', limits, serve }: HostOptions): void {
  limitsOf(limits);
  checkService(serve ?? {});
  if (!Object.hasOwn(homes, place))
    throw new KindredError(
      'ERR_BAD_ARGUMENT',
      `${caller} knows no place ${JSON.stringify(place)}: in is process, thread or here`,
    );
}

export interface HomeOptions extends HostOptions {
  /** Whether it can be asked for its memory; a module in place cannot. */
  tellsMemory?: boolean | undefined;
}

export function openHome(url: string, options: HomeOptions): Promise<Home> {
  return homes[options.in ?? 'process'](url, options);
}

/** This file's neighbour, in the sources and in what is published. */
function entry(): URL {
  return new URL(import.meta.url.endsWith('.ts') ? './host-main.ts' : './host-main.js', import.meta.url);
}

async function inProcess(url: string, options: HomeOptions): Promise<Home> {
  const { env, cwd, execArgv, graceMs = defaultGraceMs, tellsMemory = false } = options;
  const child = fork(entry(), [url, String(graceMs), ...(tellsMemory ? ['tells-memory'] : [])], {
    channel: 'descriptor',
    kindred: true,
    name: fileOf(url),
    ...(env === undefined ? {} : { env }),
    ...(cwd === undefined ? {} : { cwd }),
    ...(execArgv === undefined ? {} : { execArgv }),
  });
  const reached = await reach(child, 'calls', {});
  return {
    peer: peerOver(reached.transport, reached.address, options),
    pid: child.pid,
    exited: child.exited,
    holder: child,
    kill: () => child.kill('SIGKILL'),
    async end() {
      await endWithin(graceMs, child.exited, () => child.kill('SIGKILL'));
    },
  };
}

async function inThread(url: string, options: HomeOptions): Promise<Home> {
  const { env, execArgv, resourceLimits, graceMs = defaultGraceMs, tellsMemory = false } = options;
  const worker = new Worker(entry(), {
    workerData: { kindredHost: { url, graceMs, tellsMemory } satisfies HostData },
    ...(env === undefined ? {} : { env }),
    ...(execArgv === undefined ? {} : { execArgv: [...execArgv] }),
    ...(resourceLimits === undefined ? {} : { resourceLimits }),
  });
  const exited = new Promise<Exit>((resolve) =>
    worker.once('exit', (exitCode) => resolve({ exitCode, signal: null })),
  );
  worker.on('error', () => {});
  const reached = await reach(worker, 'calls', {});
  return {
    peer: peerOver(reached.transport, `${fileOf(url)} in ${reached.address}`, options),
    pid: undefined,
    exited,
    holder: worker,
    kill: () => worker.terminate(),
    end: () => endWithin(graceMs, exited, () => worker.terminate()),
  };
}

async function inPlace(url: string, options: HostOptions): Promise<Home> {
  const module: unknown = await import(url).catch((cause: unknown) => {
    throw new KindredError('ERR_START_FAILED', `${url} could not be loaded: ${String(cause)}`, {
      cause,
      outcome: 'not-sent',
    });
  });
  const [here, there] = createMemoryPair({ name: url, handles: InPlacePassage.pair() });
  const served = openPeer(there, {
    role: 'chooses',
    kindred: true,
    service: module as Service,
    remarks: remarksIn(url),
    limits: limitsOf(options.limits),
    withStack: true,
  });
  return {
    peer: peerOver(here, url, options),
    pid: undefined,
    exited: served.closed.then(() => ({ exitCode: 0, signal: null })),
    holder: undefined,
    // What runs in this process cannot be stopped: it is only no longer waited for.
    kill: () => served.close(),
    end: () => served.closed,
  };
}
