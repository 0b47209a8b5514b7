/** A process that serves whoever started it has no reason to live when that one is gone: it ends, so that no orphan stays. */
import { endsItselfWithin } from '../process/own-end.ts';
import type { OwnPeer } from '../rpc/own-peer.ts';
import { flushAndExit } from './flush-and-exit.ts';

/** How long the functions that run when the other end is gone may take, in milliseconds. */
export const defaultGraceMs = 5000;
/** How often a process that ends says that its event loop is not blocked. */
const beatMs = 1000;

/**
 * Their signals have fired; what they still do is waited for. A process that nothing keeps alive any more, although a
 * function has not settled, ends by itself.
 */
export function endsProcess(peer: OwnPeer, graceMs: number = defaultGraceMs): void {
  const beat = (): void => endsItselfWithin(graceMs + 2 * beatMs);
  beat();
  void peer.closed.then(async () => {
    // From here on it is for this loop to say when it is enough; unless it is blocked.
    beat();
    setInterval(beat, beatMs).unref();
    const late = new Promise((resolve) => setTimeout(resolve, graceMs).unref());
    await Promise.race([peer.idle(), late]);
    await flushAndExit(typeof process.exitCode === 'number' ? process.exitCode : 0);
  });
}
