/**
 * `cores`: the same server on every processor core, each in a process that is started again when it dies.
 *
 * ```
 *   starting --its module is loaded, and it listens--> up --its process has ended--> resting
 *   starting --it fails-----------------------------------------------------------> resting     (at first: `cores` fails)
 *   resting  --the back-off is over--> starting
 *   any      --close()--> closed, when its process has ended
 * ```
 */
import { availableParallelism } from 'node:os';
import { backoffMs } from '../base/backoff.ts';
import { type Clock, systemClock } from '../base/clock.ts';
import type { KindredError } from '../base/errors.ts';
import { pause } from '../base/pause.ts';
import type { Exit } from '../process/outcome.ts';
import type { Notifier } from '../rpc/client.ts';
import { checkMs, checkService, checkWhole, limitsOf } from './check-options.ts';
import { prepareCluster } from './cluster-fork.ts';
import { type Core, openCore } from './core.ts';
import { defaultGraceMs } from './end-of-input.ts';
import type { HostOptions } from './host.ts';
import { type Hosted, moduleUrl } from './hosted.ts';
import { notifierOf } from './notify-all.ts';
import { events } from './runtime.ts';

export interface CoresOptions extends Omit<HostOptions, 'in' | 'resourceLimits'> {
  /** How many. Default: as many as this process may use (`os.availableParallelism()`). */
  count?: number | undefined;
  /**
   * Where the module listens, as it says it to `server.listen`: ports, and paths of sockets. A core is ready when it listens
   * at each. Default: wherever it has begun to listen by the time it is loaded.
   */
  listen?: number | string | readonly (number | string)[] | undefined;
  /**
   * How connections come to the cores: `none`: each accepts for itself; `rr`: this process hands them out in turn. For all
   * workers of `node:cluster` in this process. Default `none`.
   */
  schedulingPolicy?: 'none' | 'rr' | undefined;
}

export interface Cores<Module = unknown> {
  /** Those that are up. Whoever dies leaves, and another one comes in its place. */
  readonly peers: ReadonlySet<Hosted<Module>>;
  /** Where they listen now, with the real port where port 0 was asked for. */
  readonly addresses: readonly string[];
  /** Notifies all that are up; resolves when written to all that are still there. */
  readonly notify: Notifier<Module>;
  /** Ends all, after what runs, and resolves when they have ended. None is started any more. */
  close(): Promise<void>;
  [Symbol.asyncDispose](): Promise<void>;
}

/** One that has lived for so long, in milliseconds, did not die of its start: the next one follows at once. */
const steadyMs = 10_000;
const backoff = { firstMs: 100, maxMs: 10_000 };

/**
 * Runs a module in as many processes as there are cores. Its servers need no code for it: `createServer().listen(port)` in
 * each of them accepts from one socket. Whatever it exports can be called, in each of them apart.
 *
 * A core that ends is started again, at once where it had lived for 10 seconds, else after 100 ms, and after each failure in
 * a row twice as long, up to 10 seconds. `close()` of one of the peers ends it after what runs, and it is started again.
 *
 * Throws `ERR_START_FAILED` where one of them cannot be started at first (none is left then), `ERR_BAD_ARGUMENT`, and
 * `ERR_NOT_SUPPORTED` in a worker thread and in a worker of `node:cluster`.
 *
 * ```ts
 * await using web = await cores<typeof import('./web.ts')>(new URL('./web.ts', import.meta.url));
 * for (const core of web.peers) console.log(core.pid, await core.call.load());
 * ```
 */
export async function cores<Module = unknown>(
  module: URL | string,
  options: CoresOptions = {},
): Promise<Cores<Module>> {
  return coresIn(module, options, systemClock);
}

export async function coresIn<Module>(
  module: URL | string,
  options: CoresOptions,
  clock: Clock,
): Promise<Cores<Module>> {
  const { count = availableParallelism(), startMs = 30_000, graceMs = defaultGraceMs } = options;
  const url = moduleUrl('cores', module);
  checkWhole('count', count, 1);
  limitsOf(options.limits);
  checkService(options.serve ?? {});
  checkMs('startMs', startMs);
  checkMs('graceMs', graceMs);
  const listen = options.listen === undefined ? [] : [options.listen].flat();
  prepareCluster(options.schedulingPolicy);

  const closing = new AbortController();
  const open = (): Promise<Core<Module>> =>
    openCore<Module>(url, { ...options, listen, startMs, graceMs }, closing.signal, clock);
  const up = new Set<Core<Module>>();
  const peers = new Set<Hosted<Module>>();

  /** Until it has ended. Whether its end was no failure. */
  async function live(core: Core<Module>): Promise<Exit & { inOrder: boolean }> {
    const { hosted } = core;
    const since = clock.now();
    up.add(core);
    peers.add(hosted);
    events.publish('kindred:core.up', () => ({ url, pid: hosted.pid }));
    const { kind } = await hosted.closed;
    up.delete(core);
    peers.delete(hosted);
    return { ...(await hosted.exited), inOrder: kind === 'closed' || clock.now() - since >= steadyMs };
  }

  async function keep(first: Core<Module>): Promise<void> {
    let core: Core<Module> | undefined = first;
    let reason: Exit | KindredError | undefined;
    for (let failures = 0; ; ) {
      if (core !== undefined) {
        const { inOrder, ...exit }: Exit & { inOrder: boolean } = await live(core);
        failures = inOrder ? 0 : failures + 1;
        reason = exit;
      } else failures++;
      if (closing.signal.aborted) return;
      const restartMs = backoffMs(failures, backoff);
      events.publish('kindred:core.down', () => ({ url, reason, restartMs }));
      await pause(restartMs, clock, closing.signal);
      if (closing.signal.aborted) return;
      core = await open().catch((error: KindredError) => {
        reason = error;
        return undefined;
      });
    }
  }

  let failure: unknown;
  const starts = await Promise.allSettled(
    Array.from({ length: count }, () =>
      open().catch((error: unknown) => {
        failure ??= error;
        // The others need not go on.
        closing.abort();
        throw error;
      }),
    ),
  );
  const started = starts.flatMap((start) => (start.status === 'fulfilled' ? [start.value] : []));
  if (started.length < count) {
    await Promise.all(started.map(({ hosted }) => hosted.close()));
    throw failure;
  }
  const kept = started.map(keep);

  const group: Cores<Module> = {
    peers,
    get addresses() {
      return [...new Set([...up].flatMap(({ addresses }) => [...addresses]))];
    },
    notify: notifierOf(peers),
    async close() {
      closing.abort();
      await Promise.all([...peers].map((peer) => peer.close()));
      await Promise.all(kept);
    },
    [Symbol.asyncDispose]: () => group.close(),
  };
  return group;
}
