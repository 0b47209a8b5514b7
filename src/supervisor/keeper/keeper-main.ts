/**
 * The process of a keeper: `keeper-main OPTIONS`, as JSON. It is what `startKeeper` starts, and holds what may never end: as
 * little as possible.
 *
 * ```
 *   opening --the brain is ready--> running --keeper.stop()--> stopping --all is gone--> (exit 0)
 *   opening --the brain failed---> stopping --> (exit 1)
 *   opening --somebody has it----> (exit 75)
 *   running --SIGTERM, SIGINT, SIGHUP--> asked: SIGTERM to the brain, which calls stop() in its own time
 *   asked   --the brain has ended, another signal, 90 s--> stopping
 *   running, asked --SIGQUIT--> stopping, without any grace
 * ```
 */
import { systemClock } from '../../base/clock.ts';
import { KindredError } from '../../base/errors.ts';
import { errorText } from '../../process/error-text.ts';
import { exitCodes } from '../../process/exit-codes.ts';
import { ready } from '../../process/ready.ts';
import { type BrainLife, keepBrain } from './brains.ts';
import { createKeeper } from './kept.ts';
import { keepLogger } from './loggers.ts';
import type { Program } from './staff.ts';

/** What it is told when it is started. */
export interface KeeperMainOptions {
  directory: string;
  logDirectory: string;
  brain: Program;
  logger: Program;
  brainReadyTimeoutMs?: number | undefined;
  brainAnswerTimeoutMs?: number | undefined;
  /** Descriptors that it was started with, by the names of listeners. */
  handed?: Readonly<Record<string, number>> | undefined;
}

/** How long a brain that was asked may take to stop everything in its order. */
const askedMs = 90_000;
/** How long a brain that has stopped everything may take to say so to others, and to end. */
const lastWordsMs = 5000;

async function main(text: string): Promise<void> {
  const options = JSON.parse(text) as KeeperMainOptions;
  const { directory, logDirectory } = options;
  let brain: BrainLife | undefined;
  let logger: ReturnType<typeof keepLogger> | undefined;
  const kept = await createKeeper({
    directory,
    logDirectory,
    handed: options.handed,
    logger: {
      open: async (logs) => logger?.open(logs),
      close: async (names) => logger?.close(names),
    },
    replaceBrain: (module) => (brain as BrainLife).replace(module),
    async beforeEnd() {
      const names = kept.logs().map(({ name }) => name);
      if (names.length > 0) await logger?.close(names).catch((error) => say(error.message));
      await logger?.end();
    },
    untilExit: true,
  });

  let isAsked = false;
  let leaving: Promise<void> | undefined;
  /** Everything is stopped, by whomever: the brain may say its last words. */
  const leave = (exitCode: number, graceMs?: number): Promise<void> =>
    (leaving ??= (async () => {
      brain?.retire();
      try {
        await kept.stop(graceMs === undefined ? {} : { graceMs });
        await brain?.end(lastWordsMs);
      } catch (error) {
        say(errorText(error));
        process.exit(exitCodes.failure);
      }
      process.exit(exitCode);
    })());
  const ask = (): void => {
    if (isAsked) return void leave(exitCodes.ok);
    isAsked = true;
    brain?.signal('SIGTERM');
    systemClock.after(askedMs, () => void leave(exitCodes.ok)).unref();
  };

  logger = keepLogger(directory, options.logger, kept.logs, (exit) =>
    kept.tell({ kind: 'logger-ended', exit }),
  );
  const seat = () => {
    const own = kept.seat();
    return {
      ...own,
      async stop(how?: { graceMs?: number }) {
        brain?.retire();
        try {
          await own.stop(how);
        } finally {
          void leave(exitCodes.ok);
        }
      },
    };
  };
  brain = keepBrain({
    directory,
    program: options.brain,
    readyTimeoutMs: options.brainReadyTimeoutMs,
    answerTimeoutMs: options.brainAnswerTimeoutMs,
    seat,
    say,
    onExit(exit) {
      kept.tell({ kind: 'brain-ended', exit });
      if (isAsked) void leave(exitCodes.ok);
    },
  });
  for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP'] as const) process.on(signal, ask);
  process.on('SIGQUIT', () => void leave(exitCodes.ok, 0));
  try {
    await brain.born;
  } catch (error) {
    if (!isAsked) say((error as Error).message);
    return leave(isAsked ? exitCodes.ok : exitCodes.failure, 0);
  }
  ready();
}

function say(text: string): void {
  process.stderr.write(`kindred keeper: ${text}\n`);
}

// Who reads what it says may go, and whatever fails here must not end what it keeps.
for (const output of [process.stdout, process.stderr]) output.on('error', () => {});

main(process.argv[2] ?? '{}').then(
  () => {
    process.on('uncaughtException', (error) => say(errorText(error)));
    process.on('unhandledRejection', (error) => say(errorText(error)));
  },
  (error) => {
    say(error instanceof KindredError ? error.message : errorText(error));
    process.exit(
      error instanceof KindredError && error.code === 'ERR_ALREADY_RUNNING'
        ? exitCodes.tempFail
        : exitCodes.failure,
    );
  },
);
