/** From a verb to the brain of its stack. */
import { type Client, connect, KindredError, type Peer } from 'kindred';
import type { Control } from 'kindred/supervisor';
import type { Terminal } from '../terminal.ts';
import { nameOfStack, type StackFlags } from './which-stack.ts';

export type ControlClient = Client<Control>;

/** How long the next brain may take where one has died, in milliseconds. */
const nextBrainMs = 5000;

/** A connection to the brain, for as long as it is used. */
export interface Asked {
  readonly name: string;
  readonly control: ControlClient;
  close(): Promise<void>;
}

/** Connects, works, closes. Throws `ERR_NOT_REACHABLE` where the stack does not run. */
export async function withControl<T>(
  flags: StackFlags,
  terminal: Terminal,
  work: (control: ControlClient, name: string) => Promise<T>,
): Promise<T> {
  const { name, control, close } = await openControl(flags, terminal.stop);
  try {
    return await work(control, name);
  } finally {
    await close();
  }
}

/** `signal` gives up connecting, and every call. Throws `ERR_NOT_REACHABLE` where the stack does not run. */
export async function openControl(flags: StackFlags, signal: AbortSignal): Promise<Asked> {
  const name = await nameOfStack(flags);
  const peer = await reachBrain(name, signal);
  const { call } = peer.with({ signal, timeoutMs: flags.timeout });
  return { name, control: call as ControlClient, close: () => peer.close() };
}

/** The brain that was asked has died. Its stack goes on, and another one takes its place. */
export function isBrainGone(error: unknown): boolean {
  return error instanceof KindredError && error.code === 'ERR_PEER_GONE';
}

/** Where its brain can be asked. */
export async function addressOf(name: string): Promise<string> {
  // Loaded where it is needed: verbs that have nothing to do with stacks start faster without it.
  const { controlAddress } = await import('kindred/supervisor');
  return controlAddress(name);
}

async function reachBrain(name: string, signal: AbortSignal): Promise<Peer<Control>> {
  const address = await addressOf(name);
  const dial = (waitMs: number): Promise<Peer<Control>> =>
    connect<Control>(address, { signal, waitMs, reconnect: false });
  try {
    // What a brain that died has left is a socket that refuses: another one is about to take its place.
    return await dial(0).catch((error: unknown) => {
      if (systemCode(error) !== 'ECONNREFUSED') throw error;
      return dial(nextBrainMs);
    });
  } catch (error) {
    throw error instanceof KindredError && error.code === 'ERR_NOT_REACHABLE' ? notRunning(name) : error;
  }
}

function systemCode(error: unknown): unknown {
  return error instanceof KindredError ? (error.cause as { code?: unknown } | undefined)?.code : undefined;
}

/** With the mend that fits: waiting for it, as for other addresses, would not start it. */
function notRunning(name: string): KindredError {
  return new KindredError('ERR_NOT_REACHABLE', `no stack ${name} runs here: kindred up starts it`, {
    outcome: 'not-sent',
    retryable: false,
  });
}
