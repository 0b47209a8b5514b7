/**
 * The logger's life, which never ends by itself.
 *
 * ```
 *   starting --answers--> up --exit--> waiting --time--> starting        (what is written meanwhile stays in the pipes)
 *   starting --exit-----------------------> waiting
 *   any --end()--> ended
 * ```
 */
import { type Backoff, backoffMs } from '../../base/backoff.ts';
import { type Clock, systemClock } from '../../base/clock.ts';
import { KindredError } from '../../base/errors.ts';
import { pause } from '../../base/pause.ts';
import { connect } from '../../endpoint/connect.ts';
import type { Exit } from '../../process/outcome.ts';
import type { Peer } from '../../rpc/peer.ts';
import type { KeptLog, LoggerOrders } from './logger-orders.ts';
import { type Member, type Program, startMember } from './staff.ts';

export interface LoggerLife extends LoggerOrders {
  /** Of the one that runs. */
  readonly pid: number | undefined;
  end(): Promise<void>;
}

const backoff: Backoff = { firstMs: 50, maxMs: 10_000 };
/** One that has lived as long has not failed. */
const soundMs = 1000;
const startTimeoutMs = 30_000;
/** How long what is in the pipes may take to be in the files, before a log is closed without. */
const closeTimeoutMs = 5000;
const endGraceMs = 2000;

/** `logs`: all that are open, for each one that starts. */
export function keepLogger(
  directory: string,
  program: Program,
  logs: () => KeptLog[],
  onExit: (exit: Exit) => void,
  clock: Clock = systemClock,
): LoggerLife {
  const over = new AbortController();
  let peer: Peer<LoggerOrders> | undefined;
  let member: Member | undefined;
  let arrival = Promise.withResolvers<void>();
  let failures = 0;

  async function live(): Promise<void> {
    while (!over.signal.aborted) {
      const startedAt = clock.now();
      member = startMember(directory, program, 'ends', startTimeoutMs, clock);
      const { child, exited } = member;
      try {
        const own = await connect<LoggerOrders>(child);
        peer = own;
        await own.with({ timeoutMs: startTimeoutMs }).call.open(logs());
        arrival.resolve();
      } catch {
        child.kill('SIGKILL');
      }
      const exit = await exited;
      peer = undefined;
      arrival.resolve();
      arrival = Promise.withResolvers<void>();
      if (over.signal.aborted) return;
      onExit(exit);
      failures = clock.now() - startedAt >= soundMs ? 1 : failures + 1;
      await pause(failures === 1 ? 0 : backoffMs(failures - 1, backoff), clock, over.signal);
    }
  }
  const living = live();

  return {
    get pid() {
      return member?.child.pid;
    },
    async open(some) {
      // One that comes later is told of all.
      await peer?.call.open(some);
    },
    async close(names) {
      for (const until = clock.now() + closeTimeoutMs; ; ) {
        const leftMs = until - clock.now();
        if (leftMs <= 0)
          throw new KindredError(
            'ERR_TIMEOUT',
            `no logger has closed ${names.length === 1 ? names[0] : `${names.length} logs`} in ${closeTimeoutMs} ms`,
          );
        try {
          if (peer !== undefined) return await peer.with({ timeoutMs: leftMs }).call.close(names);
        } catch {
          // It has ended over it; the next one is told again.
        }
        const moment = pause(Math.min(leftMs, 100), clock);
        await (peer === undefined ? Promise.race([arrival.promise, moment]) : moment);
      }
    },
    async end() {
      over.abort();
      await member?.child.terminate({ graceMs: endGraceMs, tree: true }).catch(() => {});
      await living;
    },
  };
}
