/** A process that serves whoever started it has no reason to live when that one is gone: it ends, so that no orphan stays. */
import type { OwnPeer } from '../rpc/channel-peer.ts';
import { flushAndExit } from './flush-and-exit.ts';

/** How long the functions that run when the other end is gone may take, in milliseconds. */
export const defaultGraceMs = 5000;

/**
 * Their signals have fired; what they still do is waited for. A process that nothing keeps alive any more, although a
 * function has not settled, ends by itself.
 */
export function endsProcess(peer: OwnPeer, graceMs: number = defaultGraceMs): void {
  void peer.closed.then(async () => {
    const late = new Promise((resolve) => setTimeout(resolve, graceMs).unref());
    await Promise.race([peer.idle(), late]);
    await flushAndExit(typeof process.exitCode === 'number' ? process.exitCode : 0);
  });
}
