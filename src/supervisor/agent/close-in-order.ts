/**
 * The end of a program that has servers, and nothing to say about its end: Node.js would cut off every connection at SIGTERM.
 *
 * ```
 *   idle --the first server listens--> armed --SIGTERM--> draining --all have ended, drainMs--> ended by SIGTERM, as ever
 *                                        \--SIGTERM, and the program has a handler of its own--> (the program has the say)
 * ```
 */
import { subscribe } from 'node:diagnostics_channel';
import { openServers } from '../../endpoint/open-servers.ts';
import { OwnServers } from '../../endpoint/own-servers.ts';

/** Knows the servers that begin to listen from now on. */
export function closeInOrder(drainMs: number): void {
  const servers = new OwnServers();
  let isArmed = false;
  let isDraining = false;

  function onSignal(): void {
    if (process.listenerCount('SIGTERM') > 1) return;
    // A second one ends it at once.
    if (isDraining) return end();
    isDraining = true;
    const late = new Promise<void>((resolve) => setTimeout(resolve, drainMs).unref());
    const kindred = openServers().map((server) => server.drain({ timeoutMs: drainMs }));
    void Promise.race([Promise.all([servers.drain(), ...kindred]), late]).then(end, end);
  }

  function end(): void {
    process.off('SIGTERM', onSignal);
    process.kill(process.pid, 'SIGTERM');
  }

  subscribe('tracing:net.server.listen:asyncStart', () => {
    if (isArmed) return;
    isArmed = true;
    // Before those of the program, so that one that is to hear it only once is still to be seen.
    process.prependListener('SIGTERM', onSignal);
  });
}
