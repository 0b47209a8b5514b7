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

/** Long enough for a signal to oneself to arrive, in milliseconds. */
const turnMs = 1000;

/** Knows the servers that begin to listen from now on. */
export function closeInOrder(drainMs: number): void {
  const servers = new OwnServers();
  let isArmed = false;
  let isDraining = false;

  function onSignal(): void {
    if (process.listenerCount('SIGTERM') - deferring() > 1) return;
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
    // Where there is still a listener, it hears of it in another turn; nothing else may keep the process alive until then.
    setTimeout(() => {}, turnMs);
  }

  subscribe('tracing:net.server.listen:asyncStart', () => {
    if (isArmed) return;
    isArmed = true;
    // Before those of the program, so that one that is to hear it only once is still to be seen.
    process.prependListener('SIGTERM', onSignal);
  });
}

/**
 * Listeners of the package `signal-exit` (many packages have it among their dependencies), which end the process only where
 * nobody else listens. Two that wait for each other would wait for ever: so they come after this one, by the signal that it
 * sends to itself in the end.
 */
function deferring(): number {
  const older = (process as { __signal_exit_emitter__?: { count?: unknown } }).__signal_exit_emitter__;
  const newer = (globalThis as { [emitter]?: { count?: unknown } })[emitter];
  return [older, newer].reduce((sum, each) => sum + (typeof each?.count === 'number' ? each.count : 0), 0);
}

const emitter = Symbol.for('signal-exit emitter');
