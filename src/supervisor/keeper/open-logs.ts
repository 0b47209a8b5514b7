/** The logs whose pipes the keeper holds open: from the first process that writes to one until it is closed. */
import type { Fifo, FifoMaker } from './fifos.ts';
import type { StartSpec } from './keeper.ts';
import type { KeptLog, LoggerOrders } from './logger-orders.ts';
import type { InTurn } from './turns.ts';

export interface OpenLog {
  settings: KeptLog;
  pipes: readonly [out: Fifo, err: Fifo];
}

export interface OpenLogs {
  /** Opens it where it is not open; the last settings count. */
  open(spec: Pick<StartSpec, 'log' | 'logs'>): Promise<OpenLog>;
  /** One that a keeper before this has left. */
  add(log: OpenLog): void;
  /** What is in its pipes is read first, where there is a logger. `check` throws where it may not be closed. */
  close(name: string, check: () => void): Promise<void>;
  all(): KeptLog[];
  /** Lets go of all, read or not. */
  drop(): void;
}

export function createOpenLogs(
  pathOf: (name: string, what: string) => string,
  makeFifos: FifoMaker,
  inTurn: InTurn,
  logger: LoggerOrders | undefined,
): OpenLogs {
  const logs = new Map<string, OpenLog>();
  // The logger need not be there: it is told of all of them when it comes.
  const tell = (log: KeptLog): void => void logger?.open([log]).catch(() => {});
  return {
    open: ({ log: name, logs: kept }) =>
      inTurn(`log ${name}`, async () => {
        const before = logs.get(name);
        const settings: KeptLog = { name, out: pathOf(name, 'out'), err: pathOf(name, 'err'), ...kept };
        if (before !== undefined && JSON.stringify(before.settings) === JSON.stringify(settings))
          return before;
        const [out, err] = before?.pipes ?? (await makeFifos([settings.out, settings.err]));
        const open: OpenLog = { settings, pipes: [out as Fifo, err as Fifo] };
        logs.set(name, open);
        tell(settings);
        return open;
      }),
    add(log) {
      logs.set(log.settings.name, log);
      tell(log.settings);
    },
    close: (name, check) =>
      inTurn(`log ${name}`, async () => {
        check();
        const log = logs.get(name);
        if (log === undefined) return;
        await logger?.close([name]).catch(() => {});
        logs.delete(name);
        for (const pipe of log.pipes) pipe.close();
      }),
    all: () => [...logs.values()].map(({ settings }) => settings),
    drop() {
      for (const { pipes } of logs.values()) for (const pipe of pipes) pipe.close();
      logs.clear();
    },
  };
}
