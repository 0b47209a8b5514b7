/**
 * The brain's life, which never ends by itself.
 *
 * ```
 *   starting --READY=1--> up --exit, or no answer for 30 s--> waiting --time--> starting
 *   starting --exit, or not ready in 30 s-------------------> waiting
 *   up --replace()--> up, with a candidate --it is ready--> up (the candidate; the one before is ended)
 *                                          --it fails three times--> up (the one before, or the next of its module)
 *   any --end()--> ended
 * ```
 * A module that fails three times in a row before it has ever worked for 10 s gives way to the one that did.
 */
import { type Backoff, backoffMs } from '../../base/backoff.ts';
import { type Clock, systemClock } from '../../base/clock.ts';
import { KindredError } from '../../base/errors.ts';
import { pause } from '../../base/pause.ts';
import { within } from '../../endpoint/runtime.ts';
import { type Server, serve } from '../../endpoint/serve.ts';
import type { Exit } from '../../process/outcome.ts';
import type { Peer } from '../../rpc/peer.ts';
import type { Keeper } from './keeper.ts';
import { type Member, type Program, startMember } from './staff.ts';

export interface BrainLife {
  /** That the first one is ready. Throws where it has ended before, or said nothing in time: then there is no life. */
  readonly born: Promise<void>;
  readonly pid: number | undefined;
  /** Another one in place of the one that runs; default: of the same module. Throws `ERR_BUSY`, `ERR_START_FAILED`. */
  replace(module?: string): Promise<void>;
  signal(signal: NodeJS.Signals): void;
  /** No other one comes from now on. */
  retire(): void;
  /** The same, and waits for the one that runs to end by itself, for as long as the grace; then kills it. */
  end(graceMs: number): Promise<void>;
}

export interface BrainSettings {
  /** Of the keeper. */
  directory: string;
  program: Program;
  /** A seat for each. */
  seat(): Keeper;
  onExit(exit: Exit): void;
  /** For what people should know. */
  say(text: string): void;
  /** Default 30,000. */
  readyTimeoutMs?: number | undefined;
  /** One that has not answered for so long is replaced, in milliseconds. Default 30,000. */
  answerTimeoutMs?: number | undefined;
  clock?: Clock | undefined;
}

/** What every peer answers, whatever it offers. */
interface Asked {
  'rpc.contract'(): unknown;
}

interface Brain extends Member {
  readonly program: Program;
  readonly server: Promise<Server>;
  hasTaken: boolean;
}

const backoff: Backoff = { firstMs: 50, maxMs: 10_000 };
/** One that was ready as long has not failed. */
const soundMs = 1000;
/** A module of which one was ready as long has worked. */
const provenMs = 10_000;
const maxFailures = 3;
/** Asked so often within the time that it may take to answer. */
const asks = 3;
const replacedGraceMs = 5000;

export function keepBrain({
  directory,
  program: first,
  seat,
  onExit,
  say,
  readyTimeoutMs = 30_000,
  answerTimeoutMs = 30_000,
  clock = systemClock,
}: BrainSettings): BrainLife {
  const over = new AbortController();
  let program = first;
  let proven: Program | undefined;
  let current: Brain | undefined;
  let candidate: Brain | undefined;
  let replacing: Promise<void> | undefined;
  let failures = 0;

  function start(of: Program): Brain {
    const member = startMember(directory, of, 'killed', readyTimeoutMs, clock);
    const own = seat();
    const service = outsideOfCalls({
      ...own,
      take() {
        brain.hasTaken = true;
        return own.take();
      },
    });
    const server = serve(member.child, service);
    server.catch(() => {});
    const brain: Brain = { ...member, program: of, server, hasTaken: false };
    return brain;
  }

  /** One that hangs is no better than one that is dead; it may come to itself again, so it is ended first. */
  async function watch({ server, exited, child }: Brain): Promise<void> {
    const gone = new AbortController();
    void exited.then(() => gone.abort());
    for (;;) {
      await pause(answerTimeoutMs / asks, clock, gone.signal);
      if (gone.signal.aborted) return;
      const [peer] = (await server).peers;
      try {
        await (peer as Peer<Asked> | undefined)?.with({ timeoutMs: answerTimeoutMs }).call['rpc.contract']();
      } catch (error) {
        if (!(error instanceof KindredError) || error.code !== 'ERR_TIMEOUT') continue;
        say(
          `the brain (process ${child.pid}) has not answered for ${answerTimeoutMs} ms: another one is started`,
        );
        child.kill('SIGKILL');
      }
    }
  }

  /** Follows one until it has ended, and has the next one come. */
  async function follow(brain: Brain): Promise<void> {
    current = brain;
    let readyAt: number | undefined;
    void brain.ready.then(
      () => {
        readyAt = clock.now();
        void watch(brain).catch(() => {});
      },
      () => brain.child.kill('SIGKILL'),
    );
    const exit = await brain.exited;
    onExit(exit);
    if (over.signal.aborted || current !== brain) return;
    const livedMs = readyAt === undefined ? 0 : clock.now() - readyAt;
    if (livedMs >= provenMs) proven = brain.program;
    failures = livedMs >= soundMs ? 0 : failures + 1;
    await replacing?.catch(() => {});
    if (over.signal.aborted || current !== brain) return;
    if (failures >= maxFailures && proven !== undefined && proven.module !== program.module) {
      say(`the brain of ${program.module} has failed ${failures} times in a row: back to ${proven.module}`);
      program = proven;
      failures = 0;
    }
    await pause(backoffMs(failures, backoff), clock, over.signal);
    if (!over.signal.aborted && current === brain) void follow(start(program));
  }

  async function replace(module: string): Promise<void> {
    const before = current;
    const next: Program = { ...program, module };
    for (let tries = 1; ; tries++) {
      const brain = start(next);
      candidate = brain;
      try {
        await brain.ready;
      } catch (error) {
        brain.child.kill('SIGKILL');
        await brain.exited;
        candidate = undefined;
        if (tries < maxFailures && !over.signal.aborted) continue;
        // It has been fenced for nothing: the next one of its module takes over again.
        if (brain.hasTaken) before?.child.kill('SIGKILL');
        throw error;
      }
      candidate = undefined;
      if (before !== undefined) proven = before.program;
      program = next;
      failures = 0;
      void follow(brain);
      if (before !== undefined) void dismiss(before);
      return;
    }
  }

  /** It has been told by its fence; what it was answering may be answered. */
  async function dismiss({ child, exited }: Brain): Promise<void> {
    const late = clock.after(replacedGraceMs, () => child.kill('SIGKILL'));
    await exited;
    late.cancel();
  }

  const eldest = start(first);
  void follow(eldest);
  return {
    born: eldest.ready,
    get pid() {
      return current?.child.pid;
    },
    async replace(module = program.module) {
      if (replacing !== undefined)
        throw new KindredError('ERR_BUSY', 'the brain is being replaced already: wait until that is done');
      replacing = replace(module).finally(() => {
        replacing = undefined;
      });
      await replacing;
    },
    signal(signal) {
      current?.child.kill(signal);
    },
    retire() {
      over.abort();
    },
    async end(graceMs) {
      over.abort();
      candidate?.child.kill('SIGKILL');
      if (current !== undefined) {
        const { child, exited } = current;
        const late = clock.after(graceMs, () => child.kill('SIGKILL'));
        await exited;
        late.cancel();
      }
      await candidate?.exited;
    },
  };
}

/** What a brain has asked for is done also where that brain dies meanwhile: it must not be cancelled with its call. */
function outsideOfCalls(keeper: Keeper): Keeper {
  const service: Record<string, unknown> = {};
  for (const [name, work] of Object.entries(keeper) as [string, (...args: unknown[]) => unknown][])
    service[name] = (...args: unknown[]) => within(undefined, () => work(...args));
  return service as unknown as Keeper;
}
