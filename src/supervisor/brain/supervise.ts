/** `supervise`: a stack kept running by this very process. */
import { type Clock, systemClock } from '../../base/clock.ts';
import { KindredError } from '../../base/errors.ts';
import { ensureRuntimeDirectory, runtimeDirectory } from '../../transports/runtime-directory.ts';
import type { Control } from '../control/control.ts';
import { createKeeper } from '../keeper/kept.ts';
import { stackDirectories } from '../keeper/start-keeper.ts';
import { createLogger } from '../logger/logger.ts';
import { type CheckStackOptions, checkStack } from '../stack/check-stack.ts';
import type { CheckedStack } from '../stack/checked-stack.ts';
import { loadStack } from '../stack/load-stack.ts';
import type { Stack } from '../stack/stack.ts';
import { type Brain, startBrain } from './brain.ts';
import { createControl } from './control.ts';
import { areUp, changed, type Verdict } from './verbs.ts';

export interface SuperviseOptions extends Pick<CheckStackOptions, 'directory' | 'environment' | 'cron'> {
  /** Where pipes and sockets of the stack are, for this user alone. Default: `kindred-NAME` in the runtime directory of the user. */
  runtimeDirectory?: string | undefined;
  /** Default: `kindred/NAME/logs` in `XDG_STATE_HOME`, or `~/.local/state`. */
  logDirectory?: string | undefined;
  clock?: Clock | undefined;
}

/** A stack that runs, and all that it can be told and asked. It ends with this process, or by `down`. */
export interface Supervisor extends Control {
  readonly name: string;
  /** Resolves when every service serves, or has run through; rejects with `ERR_START_FAILED` where one has failed instead. */
  readonly ready: Promise<void>;
  /** Resolves when all is down. */
  readonly closed: Promise<void>;
  /** Ends everything, as `down` does, and resolves when nothing is left. */
  close(): Promise<void>;
  [Symbol.asyncDispose](): Promise<void>;
}

/**
 * Starts every service of a stack, and keeps them running as its config says: the same as `kindred up`, within this
 * process and for as long as it lives. Services whose `onParentDeath` is `survive` outlive a crash of it; the next one that
 * supervises the stack goes on with them.
 *
 * `stack`: the value, or the path of a config or of its folder. Resolves when the listeners are open and the first services
 * are being started; `ready` tells when all are ready.
 *
 * Throws `ERR_BAD_CONFIG`, `ERR_ALREADY_RUNNING` where the stack runs already, what opening a listener throws, and
 * `ERR_NOT_SUPPORTED` on Windows.
 *
 * ```ts
 * await using stack = await supervise({ services: { web: { fork: './web.ts', instances: 2 } } });
 * await stack.ready;
 * for await (const { text } of stack.reload(['web'])) console.log(text);
 * ```
 */
export async function supervise(stack: Stack | string, options: SuperviseOptions = {}): Promise<Supervisor> {
  const load = (): Promise<CheckedStack> => readStack(stack, options);
  const config = await load();
  const own = stackDirectories(config.name);
  const { runtimeDirectory: directory = own.directory, logDirectory = own.logDirectory } = options;
  const { clock = systemClock } = options;
  ensureRuntimeDirectory(runtimeDirectory());
  const logger = createLogger({ directory: logDirectory, clock });
  const kept = await createKeeper({ directory, logDirectory, logger, clock, beforeEnd: () => logger.end() });
  let brain: Brain;
  try {
    brain = await startBrain({ keeper: kept.seat(), config, clock });
  } catch (error) {
    await kept.stop();
    throw error;
  }
  return supervisorOf(brain, createControl(brain, { load }));
}

async function readStack(
  stack: Stack | string,
  { directory, environment, cron }: SuperviseOptions,
): Promise<CheckedStack> {
  const options = { environment, cron, ...(directory === undefined ? {} : { directory }) };
  return typeof stack === 'string' ? loadStack(stack, options) : checkStack(stack, options);
}

function supervisorOf(brain: Brain, control: Control): Supervisor {
  const { engine } = brain;
  const close = async (): Promise<void> => {
    if (engine.isClosed) return brain.ended;
    for await (const _step of control.down());
    await brain.ended;
  };
  const ready = untilUp(brain);
  // Whoever does not ask is not told.
  ready.catch(() => {});
  return {
    ...control,
    name: engine.stack.name,
    ready,
    closed: brain.ended,
    close,
    [Symbol.asyncDispose]: close,
  };
}

async function untilUp({ engine }: Brain): Promise<void> {
  let verdict: Verdict = areUp(engine, []);
  while (verdict === undefined && !engine.isClosed) {
    await changed(engine);
    verdict = areUp(engine, []);
  }
  if (verdict?.kind === 'done') return;
  throw new KindredError(
    'ERR_START_FAILED',
    verdict?.text ?? 'the supervisor ended before all services were ready',
  );
}
