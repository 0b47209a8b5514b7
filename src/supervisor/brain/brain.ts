/**
 * A brain over a keeper, in whatever process: takes the keeper over, opens the listeners, starts or goes on with what is to
 * run, and hears what becomes of it.
 *
 * ```
 *   starting --took over, listeners are open--> deciding --down()--> going down --all is gone--> ended
 *                                               deciding --another brain took over, or the keeper has gone--> ended
 * ```
 */
import { type Clock, systemClock } from '../../base/clock.ts';
import { KindredError } from '../../base/errors.ts';
import type { Keeper, KeeperEvent, KeeperTable } from '../keeper/keeper.ts';
import { lastLines } from '../logger/read-logs.ts';
import type { CheckedListener, CheckedStack } from '../stack/checked-stack.ts';
import { type Checks, realChecks } from './checks.ts';
import { decide } from './decide.ts';
import { Engine } from './engine.ts';
import { createEventBook } from './event-book.ts';
import { checkRules, takeRoutes } from './routing.ts';
import { sampleUsage } from './sampling.ts';
import { begin, restartsOf, resume, stackInForce, wasTakenBefore } from './take-over.ts';
import { textOf } from './text-of.ts';
import { watchSources } from './watch-sources.ts';

export interface BrainOptions {
  keeper: Keeper;
  /** The config as it is now; where it cannot be read, what it throws. */
  config: CheckedStack | { error: unknown };
  checks?: Checks | undefined;
  clock?: Clock | undefined;
  wallClock?: (() => number) | undefined;
  random?: (() => number) | undefined;
  /** The end of what a log holds of stderr since then. Default: read from its file. */
  lastLines?: ((log: string, since: number) => Promise<string[]>) | undefined;
}

export interface Brain {
  readonly engine: Engine;
  readonly keeper: Keeper;
  /** As it was when it was taken over. */
  readonly table: KeeperTable;
  /** Resolves when it decides no more: another brain has taken over, or all has ended. */
  readonly ended: Promise<void>;
  /** Lets go of everything; services are as they are. */
  close(): void;
}

const lastLinesShown = 10;

/**
 * Throws what the config says where there is no stack to go on with, and what opening a listener throws: nothing was
 * started then.
 */
export async function startBrain(options: BrainOptions): Promise<Brain> {
  const { keeper, config, checks = realChecks, clock = systemClock } = options;
  const { wallClock = Date.now, random = Math.random } = options;
  if (!('error' in config)) checkRules(config);
  const table = await keeper.take();
  const isFirst = !wasTakenBefore(table);
  const now = 'error' in config ? undefined : config;
  if (isFirst && 'error' in config) throw config.error;
  const stack = isFirst ? (now as CheckedStack) : stackInForce(table, now);
  const { directory, logDirectory } = table;
  const listeners = new Map(table.listeners.map((entry) => [entry.name, entry]));
  const readLast = async (log: string, since: number): Promise<string[]> =>
    (await lastLines(logDirectory, log, { lines: lastLinesShown, stream: 'err', since })).map(
      ({ text }) => text,
    );
  const seams = {
    ...{ keeper, checks, clock, wallClock, random, directory, logDirectory, listeners },
    lastLines: options.lastLines ?? readLast,
  };
  const engine = new Engine(
    seams,
    { stack, book: createEventBook(table.notes), restarts: restartsOf(table) },
    decide,
  );
  for (const listener of Object.values(stack.listeners)) {
    const entry = await openListener(keeper, stack, listener);
    listeners.set(entry.name, entry);
  }
  takeRoutes(engine, table, 'error' in config);
  engine.step(() => {
    const event = engine.write({ kind: 'brain', text: howBegun(table, isFirst) });
    if ('error' in config)
      engine.write({
        kind: 'config',
        text: `the config is left as it was: ${textOf(config.error)}`,
        cause: event,
      });
    if (isFirst) begin(engine, table, event);
    else resume(engine, table, event);
    engine.post({ kind: 'time' });
  });
  const watching = new AbortController();
  const close = (): void => {
    watching.abort();
    engine.close();
  };
  sampleUsage(engine, watching.signal);
  watchSources(engine, watching.signal);
  const ended = hearKeeper(engine, keeper.events(table.sequence)).finally(close);
  return { engine, keeper, table, ended, close };
}

export async function openListener(
  keeper: Keeper,
  { services }: Pick<CheckedStack, 'services'>,
  { name, address, backlog, mode }: CheckedListener,
): ReturnType<Keeper['openListener']> {
  const reusePort = Object.values(services).some(
    ({ listen, share }) => share === 'reusePort' && listen.includes(name),
  );
  return keeper.openListener({ name, address, backlog, mode, reusePort });
}

/** Until its events end: another brain has taken over, or it has gone. */
async function hearKeeper(engine: Engine, events: AsyncIterable<KeeperEvent>): Promise<void> {
  try {
    for await (const event of events) {
      if (event.kind === 'ended')
        engine.post({ kind: 'ended', id: event.id, exit: event.exit, at: event.at });
      else if (event.kind === 'ready') engine.post({ kind: 'ready', id: event.id });
      else if (event.kind === 'logger-ended') engine.post({ kind: 'logger-ended' });
      else if (event.kind === 'router-ready') {
        const { kind, listener, pid } = event;
        engine.post({ kind, listener, pid });
      } else if (event.kind === 'router-ended') {
        const { kind, listener, exit } = event;
        engine.post({ kind, listener, exit });
      }
    }
  } catch (error) {
    if (!(error instanceof KindredError)) throw error;
  }
}

function howBegun({ epoch, restarts }: KeeperTable, isFirst: boolean): string {
  if (isFirst) return `the stack begins, with process ${process.pid} as its brain`;
  return `process ${process.pid} is the brain from now on (number ${epoch}; ${restarts.brain} have ended before)`;
}
