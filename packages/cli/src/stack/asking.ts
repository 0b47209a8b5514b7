/** From a verb to the brain of its stack. */
import { type Client, connect, KindredError, type Peer } from 'kindred';
import type { Control } from 'kindred/supervisor';
import type { Terminal } from '../terminal.ts';
import { controlAddress, nameOfStack, type StackFlags } from './which-stack.ts';

export type ControlClient = Client<Control>;

/** How long the next brain may take where one has died, in milliseconds. */
const nextBrainMs = 5000;

/** Connects, works, closes. Throws `ERR_NOT_REACHABLE` where the stack does not run. */
export async function withControl<T>(
  flags: StackFlags,
  terminal: Terminal,
  work: (control: ControlClient, name: string) => Promise<T>,
): Promise<T> {
  const name = await nameOfStack(flags);
  const peer = await reachBrain(name, terminal.stop);
  try {
    const { call } = peer.with({ signal: terminal.stop, timeoutMs: flags.timeout });
    return await work(call as ControlClient, name);
  } finally {
    await peer.close();
  }
}

async function reachBrain(name: string, signal: AbortSignal): Promise<Peer<Control>> {
  const dial = (waitMs: number): Promise<Peer<Control>> =>
    connect<Control>(controlAddress(name), { signal, waitMs, reconnect: false });
  try {
    // What a brain that died has left is a socket that refuses: another one is about to take its place.
    return await dial(0).catch((error: unknown) => {
      if (systemCode(error) !== 'ECONNREFUSED') throw error;
      return dial(nextBrainMs);
    });
  } catch (error) {
    throw error instanceof KindredError && error.code === 'ERR_NOT_REACHABLE'
      ? notRunning(name, error)
      : error;
  }
}

function systemCode(error: unknown): unknown {
  return error instanceof KindredError ? (error.cause as { code?: unknown } | undefined)?.code : undefined;
}

/** With the mend that fits: waiting for it, as for other addresses, would not start it. */
function notRunning(name: string, cause: KindredError): KindredError {
  return new KindredError('ERR_NOT_REACHABLE', `no stack ${name} runs here: kindred up starts it`, {
    outcome: 'not-sent',
    retryable: false,
    cause,
  });
}
