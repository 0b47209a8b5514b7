/**
 * The keeper itself, in whatever process: its table, and what it does with it. It decides nothing.
 *
 * ```
 *   open --stop()--> stopping --all is gone--> stopped    (every call is refused with ERR_CLOSED from `stopping` on)
 * ```
 * Each brain has a seat: the interface, with a fence of its own. A seat counts from its `take` until another one's.
 */
import { mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { type Clock, systemClock } from '../../base/clock.ts';
import { KindredError } from '../../base/errors.ts';
import { identityOfProcess } from '../../process/process-identity.ts';
import { layDescriptors } from './descriptors.ts';
import { createEventLog, type News } from './event-log.ts';
import { createFifoMaker, type Fifo } from './fifos.ts';
import { adoptFormer } from './former.ts';
import type { Keeper, KeeperTable, KeptListener, StartSpec } from './keeper.ts';
import { type KeptProcess, startProcess } from './kept-process.ts';
import { endAll, findMarked, findMembers, markOf, staffId, trySend } from './leftovers.ts';
import { type LentDescriptor, type OpenListener, openListener } from './listeners.ts';
import type { KeptLog, LoggerOrders } from './logger-orders.ts';
import { createNotes } from './notes.ts';
import { createRecorder } from './record.ts';
import { createSharedLook } from './shared-look.ts';
import { lockStack } from './stack-lock.ts';

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

interface OpenLog {
  settings: KeptLog;
  pipes: readonly [out: Fifo, err: Fifo];
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
  mkdirSync(pipeDirectory, { recursive: true, mode: 0o700 });

  const makeFifos = createFifoMaker();
  const listeners = new Map<string, OpenListener>();
  const logs = new Map<string, OpenLog>();
  const processes = new Map<string, KeptProcess>();
  /** Being started: their ids are taken. */
  const starting = new Set<string>();
  const notes = createNotes();
  const events = createEventLog(wallClock);
  const inTurn = createTurns();
  const look = createSharedLook();
  const keeper = identityOfProcess(process.pid);
  const startedAt = wallClock();
  const restarts = { brain: 0, logger: 0 };
  let epoch = 0;
  let stopping: Promise<void> | undefined;

  const recorder = createRecorder(directory, () => {
    const running = [...processes.values()].filter(({ entry }) => entry.ended === undefined);
    const lasts = ({ entry }: KeptProcess): boolean => entry.spec.onParentDeath === 'survive';
    return {
      keeper,
      lasting: running.filter(lasts).map(({ entry }) => entry),
      others: running.filter((one) => !lasts(one)).map(({ entry }) => entry.identity),
      logs: [...logs.values()].map((log) => log.settings),
      sockets: [...listeners.values()].flatMap(({ entry: { address } }) =>
        address.startsWith('unix:') && !address.startsWith('unix:@') ? [address.slice('unix:'.length)] : [],
      ),
    };
  });
  const pathOf = (name: string, what: string): string =>
    join(pipeDirectory, `${encodeURIComponent(name)}.${what}`);

  function hold(id: string, one: KeptProcess): void {
    processes.set(id, one);
    void one.exited.then((exit) => {
      // Those that it has started have lost their parent in this moment. Where it was asked to end they have their grace.
      if (!one.isEnding)
        for (const orphan of findMembers(one.entry.identity, look.all())) trySend(orphan, 'SIGKILL');
      one.entry.ended = { at: wallClock(), exit };
      events.add({ kind: 'ended', id, exit });
      recorder.save().catch(() => {});
    });
  }

  /** Opens it where it is not open; the last settings count. */
  function openLog({ log: name, logs: kept }: Pick<StartSpec, 'log' | 'logs'>): Promise<OpenLog> {
    return inTurn(`log ${name}`, async () => {
      const before = logs.get(name);
      const settings: KeptLog = { name, out: pathOf(name, 'out'), err: pathOf(name, 'err'), ...kept };
      if (before !== undefined && JSON.stringify(before.settings) === JSON.stringify(settings)) return before;
      const pipes =
        before?.pipes ?? ((await makeFifos([settings.out, settings.err])) as unknown as OpenLog['pipes']);
      const open = { settings, pipes };
      logs.set(name, open);
      // It need not be there: it is told of all of them when it comes.
      void logger?.open([settings]).catch(() => {});
      return open;
    });
  }

  async function start(spec: StartSpec, check: () => void): Promise<KeptProcess> {
    const { id } = spec;
    if (processes.has(id) || starting.has(id))
      throw bad(`${id} cannot be started: there was a process of that id already, give it a new one`);
    const missing = spec.listeners.find((name) => !listeners.has(name));
    if (missing !== undefined) throw bad(`${id} cannot be started: there is no open listener ${missing}`);
    const descriptors = layDescriptors(spec);
    const lent = new Map<string, LentDescriptor>();
    let pipes: Fifo[] = [];
    starting.add(id);
    try {
      const names = spec.lines.map(({ to }) => String(to));
      const [log] = await Promise.all([
        openLog(spec),
        makeFifos(names.map((to) => pathOf(id, to))).then((made) => {
          pipes = made;
        }),
        ...spec.listeners.map(async (name) => {
          lent.set(name, await (listeners.get(name) as OpenListener).lend());
        }),
      ]);
      // Whoever has taken over meanwhile has not seen it in the table.
      check();
      const given = {
        descriptors,
        out: log.pipes[0],
        err: log.pipes[1],
        lines: new Map(names.map((to, n) => [to, pipes[n] as Fifo])),
        listeners: new Map(spec.listeners.map((name) => [name, (lent.get(name) as LentDescriptor).fd])),
        mark: markOf(directory, id),
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

  async function stopAll(graceMs: number): Promise<void> {
    epoch = Number.POSITIVE_INFINITY;
    events.wake();
    await Promise.allSettled([...processes.values()].map((one) => one.end('SIGTERM', graceMs)));
    // Those that have left their trees.
    await endAll(
      () => findMarked(directory, (id) => id !== staffId),
      Math.min(graceMs, leftoverGraceMs),
      clock,
    );
    await settings.beforeEnd?.();
    for (const listener of listeners.values()) await listener.close().catch(() => {});
    for (const { lines } of processes.values()) for (const pipe of lines) pipe.close();
    for (const { pipes } of logs.values()) for (const pipe of pipes) pipe.close();
    recorder.close();
    for (const name of ['pipes', 'keeper.json', 'keeper.json.new'])
      rmSync(join(directory, name), { recursive: true, force: true });
    if (settings.untilExit === true) process.once('exit', unlock);
    else unlock();
  }
  const stop = ({ graceMs = defaultGraceMs }: { graceMs?: number } = {}): Promise<void> =>
    (stopping ??= stopAll(graceMs));

  function seat(): Keeper {
    let own = 0;
    const isFenced = (): boolean => own !== epoch || own === 0;
    const check = (): void => {
      if (isFenced())
        throw new KindredError(
          'ERR_CLOSED',
          stopping !== undefined
            ? 'the keeper is stopped'
            : own === 0
              ? 'the keeper was not taken over yet: call take() first'
              : 'the keeper was taken over by another brain',
        );
    };
    return {
      async take() {
        if (stopping !== undefined) throw new KindredError('ERR_CLOSED', 'the keeper is stopped');
        own = ++epoch;
        events.wake();
        return table();
      },
      events(after) {
        check();
        return events.after(after, isFenced);
      },
      async openListener(spec) {
        check();
        return inTurn(`listener ${spec.name}`, async () => {
          const open = listeners.get(spec.name);
          if (open !== undefined) return sameListener(open, spec);
          const opened = await openListener(spec, settings.handed);
          if (stopping !== undefined) {
            await opened.close();
            check();
          }
          listeners.set(spec.name, opened);
          await recorder.save();
          return opened.entry;
        });
      },
      async closeListener(name) {
        check();
        await inTurn(`listener ${name}`, async () => {
          const open = listeners.get(name);
          if (open === undefined) return;
          listeners.delete(name);
          await open.close();
          await recorder.save();
        });
      },
      async start(spec) {
        check();
        return { ...(await start(spec, check)).entry };
      },
      async signal(id, signal, whom = 'process') {
        check();
        const one = known(id);
        return one.entry.ended === undefined ? one.signal(signal, whom) : 'gone';
      },
      async end(id, { signal = 'SIGTERM', graceMs = defaultGraceMs } = {}) {
        check();
        const one = known(id);
        if (one.entry.ended === undefined) await one.end(signal, graceMs);
        return await one.exited;
      },
      async forget(id) {
        check();
        const one = processes.get(id);
        if (one === undefined) return;
        if (one.entry.ended === undefined) throw bad(`${id} cannot be forgotten: it runs, end it first`);
        processes.delete(id);
        for (const pipe of one.lines) pipe.close();
      },
      async closeLog(name) {
        check();
        await inTurn(`log ${name}`, async () => {
          const user = [...processes.values()].find(
            ({ entry: { spec, ended } }) => spec.log === name && ended === undefined,
          );
          if (user !== undefined)
            throw bad(`log ${name} cannot be closed: ${user.entry.spec.id} writes to it`);
          const log = logs.get(name);
          if (log === undefined) return;
          await logger?.close([name]).catch(() => {});
          logs.delete(name);
          for (const pipe of log.pipes) pipe.close();
          await recorder.save();
        });
      },
      async note(key, value) {
        check();
        notes.set(key, value);
      },
      async replaceBrain({ module } = {}) {
        check();
        if (settings.replaceBrain === undefined)
          throw new KindredError(
            'ERR_NOT_SUPPORTED',
            'this keeper runs in the process of its brain, which nobody can replace alone',
          );
        await settings.replaceBrain(module);
      },
      async stop(options) {
        check();
        await stop(options);
      },
    };
  }

  function table(): KeeperTable {
    return {
      epoch,
      keeper,
      directory,
      logDirectory,
      startedAt,
      listeners: [...listeners.values()].map(({ entry }) => entry),
      processes: [...processes.values()].map(({ entry }) => ({ ...entry })),
      notes: notes.all(),
      sequence: events.sequence,
      restarts: { ...restarts },
    };
  }

  try {
    const former = await adoptFormer(directory, pipeDirectory, makeFifos, leftoverGraceMs, { clock, look });
    for (const log of former.logs) logs.set(log.settings.name, log);
    for (const one of former.processes) hold(one.entry.spec.id, one);
    await recorder.save();
    if (logs.size > 0) void logger?.open([...logs.values()].map((log) => log.settings)).catch(() => {});
  } catch (error) {
    unlock();
    throw error;
  }
  return {
    seat,
    stop,
    logs: () => [...logs.values()].map((log) => log.settings),
    tell(news) {
      restarts[news.kind === 'brain-ended' ? 'brain' : 'logger']++;
      events.add(news);
    },
  };
}

function sameListener({ entry }: OpenListener, spec: KeptListener): OpenListener['entry'] {
  if (entry.address === spec.address && (entry.reusePort ?? false) === (spec.reusePort ?? false))
    return entry;
  throw bad(`listener ${spec.name} is open at ${entry.address} already: close it first`);
}

/** Work of one name, one after the other. */
function createTurns(): <T>(name: string, work: () => Promise<T>) => Promise<T> {
  const last = new Map<string, Promise<unknown>>();
  return (name, work) => {
    const mine = (last.get(name) ?? Promise.resolve()).then(work);
    const done = mine
      .catch(() => {})
      .then(() => {
        if (last.get(name) === done) last.delete(name);
      });
    last.set(name, done);
    return mine;
  };
}

function bad(message: string): KindredError {
  return new KindredError('ERR_BAD_ARGUMENT', message);
}
