/**
 * The process of a brain: started by a keeper, with its orders as its one argument. It may die at any time; the keeper starts
 * another, which goes on where it has stopped.
 *
 * ```
 *   starting --took over, control is served--> deciding --another one took over---> (exit 0)
 *   starting --the config is wrong-----------> (exit 1)    --all is down----------> (exit 0)
 *                                              deciding --SIGTERM, SIGINT--> going down
 * ```
 */
import { type Clock, systemClock } from '../../base/clock.ts';
import { KindredError } from '../../base/errors.ts';
import { pause } from '../../base/pause.ts';
import { connect } from '../../endpoint/connect.ts';
import { type Server, serve } from '../../endpoint/serve.ts';
import { ready } from '../../process/ready.ts';
import type { Control } from '../control/control.ts';
import { controlAddress } from '../control/control-address.ts';
import { reachKeeper } from '../keeper/reach-keeper.ts';
import type { CheckStackOptions } from '../stack/check-stack.ts';
import type { CheckedStack } from '../stack/checked-stack.ts';
import { loadStack } from '../stack/load-stack.ts';
import { startBrain } from './brain.ts';
import { createControl } from './control.ts';
import { textOf } from './text-of.ts';

/** What it is told when it is started. */
export interface BrainOrders {
  /** The path of the config. */
  config: string;
  /** In place of the name in the config. */
  name?: string | undefined;
}

/**
 * Is the brain of the keeper that has started this process, until all is down or another brain has taken over; then the
 * process ends. Programs with a brain module of their own call it there.
 *
 * `cron`: makes a schedule of a pattern, see `checkStack`. Throws `ERR_NOT_REACHABLE` in a process that no keeper has
 * started.
 */
export async function runBrain({ cron }: Pick<CheckStackOptions, 'cron'> = {}): Promise<void> {
  const orders = JSON.parse(process.argv[2] ?? '{}') as BrainOrders;
  const { keeper, closed } = await reachKeeper();
  const load = async (): Promise<CheckedStack> => {
    const stack = await loadStack(orders.config, { cron });
    return orders.name === undefined ? stack : { ...stack, name: orders.name };
  };
  const config = await load().catch((error: unknown) => ({ error }));
  const brain = await startBrain({ keeper, config });
  void closed.then(() => brain.close());
  const address = controlAddress(brain.engine.stack.name);
  const control = createControl(brain, {
    load,
    async replace() {
      await keeper.replaceBrain();
      return brainAt(address);
    },
  });
  const goDown = (): void => {
    // Whoever has another keeper or brain above it ends by itself.
    if (brain.engine.isClosed) return;
    drain(control).catch((error) => process.stderr.write(`${textOf(error)}\n`));
  };
  for (const signal of ['SIGTERM', 'SIGINT'] as const) process.on(signal, goDown);
  process.on('SIGHUP', () => {});
  const server = await serveControl(address, control);
  ready();
  await brain.ended;
  await server.drain({ timeoutMs: lastWordsMs });
  process.exit(0);
}

/** For what is being answered when all is over, or another brain has come: the keeper waits a little longer. */
const lastWordsMs = 4000;
/** The brain before gives its address up when it sees that it was replaced. */
const addressMs = 10_000;

async function serveControl(address: string, control: Control, clock: Clock = systemClock): Promise<Server> {
  const until = clock.now() + addressMs;
  for (;;) {
    try {
      return await serve(address, control);
    } catch (error) {
      const isTaken = error instanceof KindredError && error.code === 'ERR_ADDRESS_IN_USE';
      if (!isTaken || clock.now() > until) throw error;
      await pause(20, clock);
    }
  }
}

/** The pid of the brain that answers there. */
async function brainAt(address: string): Promise<number> {
  const peer = await connect<Control>(address, { reconnect: false, waitMs: addressMs });
  try {
    return (await peer.call.status()).brain.pid;
  } finally {
    await peer.close();
  }
}

async function drain(control: Control): Promise<void> {
  for await (const _step of control.down());
}
