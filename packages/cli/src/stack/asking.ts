/** From a verb to the brain of its stack. */
import { type Client, connect, KindredError, type Peer } from 'kindred';
import type { Control } from 'kindred/supervisor';
import type { Terminal } from '../terminal.ts';
import { pause } from './pause.ts';
import { nameOfStack, type StackFlags } from './which-stack.ts';

export type ControlClient = Client<Control>;

/**
 * How long the next brain may take where one has died, in milliseconds: while its keeper lives, and where that cannot be
 * told (its directory is another one) but a dead socket is there.
 */
const nextBrainMs = 60_000;
const deadSocketMs = 5000;
const lookMs = 50;

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
  const { controlAddress, keeperOf } = await import('kindred/supervisor');
  const startedAt = performance.now();
  for (;;)
    try {
      return await connect<Control>(controlAddress(name), { signal, reconnect: false });
    } catch (error) {
      if (!(error instanceof KindredError && error.code === 'ERR_NOT_REACHABLE')) throw error;
      const refused = systemCode(error) === 'ECONNREFUSED' ? deadSocketMs : 0;
      const patienceMs = keeperOf(name) === undefined ? refused : nextBrainMs;
      if (performance.now() - startedAt >= patienceMs) throw notRunning(name);
      // Where the signal has fired, connecting says so.
      await pause(lookMs, signal);
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
