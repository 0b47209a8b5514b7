/** What is fuzzed, and what must hold of it whatever it is given. */
import { KindredError } from '../../src/base/errors.ts';
import type { CloseReason } from '../../src/channel/channel.ts';

/** One peer, channel or reader under test, from its first input to its end. */
export interface Subject {
  /** Gives it one input. Throws a `Finding`. */
  feed(input: Uint8Array): void;
  /** It takes more. */
  readonly alive: boolean;
  /** Ends it, and looks at all that must hold then. Throws a `Finding`. */
  finish(): Promise<void>;
}

/** A promise of the product that did not hold. */
export class Finding extends Error {
  override name = 'Finding';
}

/** Codes with which a channel may be closed by what arrived. */
const codesOfEnds: ReadonlySet<string> = new Set([
  'ERR_PROTOCOL',
  'ERR_LIMIT',
  'ERR_PEER_GONE',
  'ERR_TIMEOUT',
  'ERR_CLOSED',
]);

/** What a reader may throw: the words of the protocol, with no mistake of this program behind them. */
export function checkThrown(thrown: unknown, where: string): void {
  if (!(thrown instanceof KindredError))
    throw new Finding(`${where} threw what is no KindredError`, { cause: thrown });
  if (thrown.origin === 'remote') return;
  const { cause } = thrown;
  const isMistake =
    cause instanceof ReferenceError ||
    (cause instanceof TypeError && (cause as { code?: string }).code === undefined);
  if (thrown.code === 'ERR_INTERNAL' || isMistake)
    throw new Finding(`${where} failed by a mistake of its own: ${thrown.message}`, { cause: thrown });
}

export function checkReason(reason: CloseReason): void {
  const { error } = reason;
  if (error === undefined) return;
  checkThrown(error, 'the channel');
  if (error.origin !== 'remote' && !codesOfEnds.has(error.code))
    throw new Finding(`the channel was closed with ${error.code}: ${error.message}`, { cause: error });
}

/** Callbacks and promises that are due run. */
export async function settle(turns: number = 8): Promise<void> {
  for (let i = 0; i < turns; i++) await null;
}

/** The same, for what takes turns of the event loop; false where it does not come true in many of them. */
export async function comesTrue(condition: () => boolean, turns: number = 40): Promise<boolean> {
  for (let i = 0; i < turns; i++) {
    await settle();
    if (condition()) return true;
    await new Promise((resolve) => setImmediate(resolve));
  }
  return condition();
}
