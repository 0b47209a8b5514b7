/**
 * The keeper itself, in whatever process: its table, and what it does with it. It decides nothing.
 *
 * ```
 *   open --stop()--> stopping --all is gone--> stopped    (from `stopping` on nobody has a seat any more)
 * ```
 */
import type { ChildProcess } from 'node:child_process';
import { mkdirSync, rmSync } from 'node:fs';
import { uptime } from 'node:os';
import { join } from 'node:path';
import { type Clock, systemClock } from '../../base/clock.ts';
import { KindredError } from '../../base/errors.ts';
import { identityOfProcess } from '../../process/process-identity.ts';
import { layDescriptors } from './descriptors.ts';
import { createEventLog, type News } from './event-log.ts';
import { createFifoMaker, type Fifo } from './fifos.ts';
import { adoptFormer } from './former.ts';
import type { Keeper, StartSpec } from './keeper.ts';
import { type KeptProcess, startProcess } from './kept-process.ts';
import { endAll, findMarked, findMembers, markOf, staffId, trySend } from './leftovers.ts';
import type { LentDescriptor } from './listeners.ts';
import type { KeptLog, LoggerOrders } from './logger-orders.ts';
import { createNotes } from './notes.ts';
import { createOpenListeners } from './open-listeners.ts';
import { createOpenLogs } from './open-logs.ts';
import { readLines } from './read-lines.ts';
import { createRecorder } from './record.ts';
import { keepRouters } from './routers.ts';
import { createSeats, type Deeds } from './seats.ts';
import { createSharedLook } from './shared-look.ts';
import { lockStack } from './stack-lock.ts';
import { createSwitchboard } from './switchboard.ts';
import { createTurns } from './turns.ts';

export interface KeeperSettings {
  /** Where its pipes and files are: its own alone. Made where it is missing, with mode 0700; gone after `stop`. */
  directory: string;
  logDirectory: string;
  /** Reads the logs. Without one they fill their pipes (64 KiB), and who writes waits. */
  logger?: LoggerOrders | undefined;
  /** Descriptors of sockets that listen already, opened for this stack by somebody else, by the names of listeners. */
  handed?: Readonly<Record<string, number>> | undefined;
  /** What `replaceBrain` does. Default: it is refused, with `ERR_NOT_SUPPORTED`. */
  replaceBrain?: ((module: string | undefined) => Promise<void>) | undefined;
  /** What `stop` does when all processes are gone and the pipes are still there: whoever reads the logs ends here. */
  beforeEnd?: (() => Promise<void>) | undefined;
  /** Whether the directory is held until this process exits. Default: until it is stopped. */
  untilExit?: boolean | undefined;
  clock?: Clock | undefined;
  /** Milliseconds since 1970. */
  wallClock?: (() => number) | undefined;
}

export interface Kept {
  /** The keeper for one more brain. The seat that has taken it last counts. */
  seat(): Keeper;
  /** That brain or logger has ended, and another one is started. */
  tell(news: Extract<News, { kind: 'brain-ended' | 'logger-ended' }>): void;
  /** For a logger that has just been started. */
  logs(): KeptLog[];
  /** The same as `stop` of a seat, for whoever has the keeper itself. */
  stop(options?: { graceMs?: number }): Promise<void>;
}

/** For what was started and has ended meanwhile, and for what a former keeper has left. */
const leftoverGraceMs = 5000;
const defaultGraceMs = 10_000;

/**
 * Opens the keeper of a directory in this process. What a keeper before it has left there that was killed is ended first,
 * but for the processes that were to live on: those are in the table.
 *
 * Throws `ERR_ALREADY_RUNNING` where a live process keeps it, naming the pid in `data`; `ERR_UNSAFE_DIRECTORY`; and
 * `ERR_NOT_SUPPORTED` on Windows.
 */
export async function createKeeper(settings: KeeperSettings): Promise<Kept> {
  if (process.platform === 'win32')
    throw new KindredError(
      'ERR_NOT_SUPPORTED',
      'a keeper needs named pipes (mkfifo), which Windows does not have',
    );
  const { directory, logDirectory, logger, clock = systemClock, wallClock = Date.now } = settings;
  const unlock = await lockStack(directory);
  const pipeDirectory = join(directory, 'pipes');
  const pathOf = (name: string, what: string): string =>
    join(pipeDirectory, `${encodeURIComponent(name)}.${what}`);

  const look = createSharedLook();
  const inTurn = createTurns();
  const makeFifos = createFifoMaker();
  const listeners = createOpenListeners(inTurn, settings.handed);
  const logs = createOpenLogs(pathOf, makeFifos, inTurn, logger);
  const processes = new Map<string, KeptProcess>();
  /** Being started: their ids are taken. */
  const starting = new Set<string>();
  const notes = createNotes();
  const events = createEventLog(wallClock);
  const keeper = identityOfProcess(process.pid);
  const startedAt = wallClock();
  const restarts = { brain: 0, logger: 0 };
  const switchboard = createSwitchboard(clock);
  const routers = keepRouters({
    directory,
    switchboard,
    lend: async (listener) => {
      const lent = await listeners.lend([listener], `the router of ${listener}`);
      return lent.get(listener) as LentDescriptor;
    },
    onReady: (listener, pid) => events.add({ kind: 'router-ready', listener, pid }),
    onExit: (listener, exit) => events.add({ kind: 'router-ended', listener, exit }),
    clock,
  });
  let stopping: Promise<void> | undefined;

  const recorder = createRecorder(directory, () => {
    const running = [...processes.values()].filter(({ entry }) => entry.ended === undefined);
    const lasts = ({ entry }: KeptProcess): boolean => entry.spec.onParentDeath === 'survive';
    return {
      keeper,
      uptime: uptime(),
      lasting: running.filter(lasts).map(({ entry }) => entry),
      others: running.filter((one) => !lasts(one)).map(({ entry }) => entry.identity),
      logs: logs.all(),
      sockets: listeners.sockets(),
    };
  });

  function hold(id: string, one: KeptProcess): void {
    processes.set(id, one);
    hearReady(one, () => {
      one.entry.readyAt = wallClock();
      events.add({ kind: 'ready', id });
      recorder.save().catch(() => {});
    });
    void one.exited.then((exit) => {
      // Those that it has started have lost their parent in this moment. Where it was asked to end they have their grace.
      if (!one.isEnding)
        for (const orphan of findMembers(one.entry.identity, look.all())) trySend(orphan, 'SIGKILL');
      one.entry.ended = { at: wallClock(), exit };
      events.add({ kind: 'ended', id, exit });
      recorder.save().catch(() => {});
    });
  }

  async function start(spec: StartSpec, check: () => void): Promise<KeptProcess> {
    const { id } = spec;
    if (processes.has(id) || starting.has(id))
      throw bad(`${id} cannot be started: there was a process of that id already, give it a new one`);
    const descriptors = layDescriptors(spec);
    const names = spec.lines.map(({ to }) => String(to));
    let lent = new Map<string, LentDescriptor>();
    let pipes: Fifo[] = [];
    starting.add(id);
    try {
      lent = await listeners.lend(spec.listeners, id);
      const madeLog = logs.open(spec);
      madeLog.catch(() => {});
      pipes = await makeFifos(names.map((to) => pathOf(id, to)));
      const { pipes: out } = await madeLog;
      // Whoever has taken over meanwhile has not seen it in the table.
      check();
      const given = {
        descriptors,
        out: out[0],
        err: out[1],
        lines: new Map(names.map((to, n) => [to, pipes[n] as Fifo])),
        listeners: new Map([...lent].map(([name, { fd }]) => [name, fd])),
        mark: markOf(directory, id),
        onChild: (child: ChildProcess) => switchboard.joinTaker(id, child),
      };
      const one = await startProcess(spec, given, { clock, wallClock, look });
      hold(id, one);
      await recorder.save();
      return one;
    } catch (error) {
      if (!processes.has(id)) for (const pipe of pipes) pipe.close();
      throw error;
    } finally {
      starting.delete(id);
      for (const { release } of lent.values()) release();
    }
  }

  const known = (id: string): KeptProcess => {
    const one = processes.get(id);
    if (one === undefined) throw bad(`there is no process ${id}: it was never started, or is forgotten`);
    return one;
  };
  const mayOpen = (): void => {
    if (stopping !== undefined) throw new KindredError('ERR_CLOSED', 'the keeper is stopped');
  };

  async function stopAll(graceMs: number): Promise<void> {
    seats.close();
    await routers.end();
    await Promise.allSettled([...processes.values()].map((one) => one.end('SIGTERM', graceMs)));
    // Those that have left their trees.
    const find = () => findMarked(directory, (id) => id !== staffId);
    await endAll(find, Math.min(graceMs, leftoverGraceMs), clock);
    await settings.beforeEnd?.();
    await listeners.closeAll();
    for (const { lines } of processes.values()) for (const pipe of lines) pipe.close();
    logs.drop();
    recorder.close();
    for (const name of ['pipes', 'keeper.json', 'keeper.json.new'])
      rmSync(join(directory, name), { recursive: true, force: true });
    if (settings.untilExit === true) process.once('exit', unlock);
    else unlock();
  }
  const stop: Kept['stop'] = ({ graceMs = defaultGraceMs } = {}) => (stopping ??= stopAll(graceMs));

  const deeds: Deeds = {
    table: (epoch) => ({
      epoch,
      keeper,
      directory,
      logDirectory,
      startedAt,
      listeners: listeners.entries(),
      routes: routers.entries(),
      processes: [...processes.values()].map(({ entry }) => ({ ...entry })),
      notes: notes.all(),
      sequence: events.sequence,
      restarts: { ...restarts },
    }),
    async openListener(spec) {
      const entry = await listeners.open(spec, mayOpen).catch((error) => {
        throw stillListening(error, spec.name, processes.values());
      });
      await recorder.save();
      return entry;
    },
    async closeListener(name) {
      await routers.remove(name);
      await listeners.close(name);
      await recorder.save();
    },
    async route(route) {
      mayOpen();
      if (!listeners.entries().some(({ name }) => name === route.listener))
        throw bad(`${route.listener} cannot be routed: there is no open listener of that name`);
      routers.set(route);
    },
    unroute: (listener) => routers.remove(listener),
    start: async (spec, check) => ({ ...(await start(spec, check)).entry }),
    async signal(id, signal, whom = 'process') {
      const one = known(id);
      return one.entry.ended === undefined ? one.signal(signal, whom) : 'gone';
    },
    async end(id, { signal = 'SIGTERM', graceMs = defaultGraceMs } = {}) {
      const one = known(id);
      if (one.entry.ended === undefined) await one.end(signal, graceMs);
      return await one.exited;
    },
    async forget(id) {
      const one = processes.get(id);
      if (one === undefined) return;
      if (one.entry.ended === undefined) throw bad(`${id} cannot be forgotten: it runs, end it first`);
      processes.delete(id);
      for (const pipe of one.lines) pipe.close();
    },
    async closeLog(name) {
      await logs.close(name, () => {
        const writer = [...processes.values()].find(
          ({ entry: { spec, ended } }) => spec.log === name && ended === undefined,
        );
        if (writer !== undefined)
          throw bad(`log ${name} cannot be closed: ${writer.entry.spec.id} writes to it`);
      });
      await recorder.save();
    },
    async note(changes) {
      notes.set(changes);
    },
    async replaceBrain({ module } = {}) {
      if (settings.replaceBrain === undefined)
        throw new KindredError(
          'ERR_NOT_SUPPORTED',
          'this keeper runs in the process of its brain, which nobody can replace alone',
        );
      await settings.replaceBrain(module);
    },
    stop,
  };
  const seats = createSeats(deeds, events);

  try {
    mkdirSync(pipeDirectory, { recursive: true, mode: 0o700 });
    const former = await adoptFormer(directory, pipeDirectory, makeFifos, leftoverGraceMs, { clock, look });
    for (const log of former.logs) logs.add(log);
    for (const one of former.processes) hold(one.entry.spec.id, one);
    await recorder.save();
  } catch (error) {
    unlock();
    throw error;
  }
  return {
    seat: seats.seat,
    stop,
    logs: logs.all,
    tell(news) {
      restarts[news.kind === 'brain-ended' ? 'brain' : 'logger']++;
      events.add(news);
    },
  };
}

/** Reads its line to its end, so that whatever else is written there fills no pipe. */
function hearReady({ entry, exited }: KeptProcess, onReady: () => void): void {
  const { readyLine } = entry.spec;
  const path = readyLine === undefined ? undefined : entry.lines[readyLine];
  if (path === undefined) return;
  const over = new AbortController();
  void exited.then(() => over.abort());
  const onLine = (line: string): void => {
    if (line === 'READY=1' && entry.readyAt === undefined) onReady();
  };
  try {
    readLines(path, { signal: over.signal, onLine });
  } catch {
    // Whoever cannot be heard is not ready in time.
  }
}

/** Where the address is in use by one of its own, which was started with a listener that this keeper has not, or no more. */
function stillListening(error: unknown, name: string, processes: Iterable<KeptProcess>): unknown {
  if (!(error instanceof KindredError) || error.code !== 'ERR_ADDRESS_IN_USE') return error;
  for (const { entry } of processes) {
    const { spec, identity, ended } = entry;
    if (ended !== undefined || !spec.listeners.includes(name)) continue;
    return new KindredError(
      'ERR_ADDRESS_IN_USE',
      `${error.message}: ${spec.id} (process ${identity.pid}) has it from before, end that one first`,
      { cause: error, data: { id: spec.id, pid: identity.pid } },
    );
  }
  return error;
}

function bad(message: string): KindredError {
  return new KindredError('ERR_BAD_ARGUMENT', message);
}
