/** How a router ends a connection that nobody takes. */
import type { Socket } from 'node:net';
import type { Clock } from '../base/clock.ts';
import { startReading } from './node-internals.ts';

/** Why nobody took a connection. */
export type Refusal =
  /** As many wait as may: `maxWaiting`. */
  | { readonly kind: 'too-many-wait' }
  /** No worker could take it for `waitMs`. */
  | { readonly kind: 'waited-too-long' }
  /** The rule threw. */
  | { readonly kind: 'rule-failed'; readonly error: unknown }
  | { readonly kind: 'router-closed' };

/**
 * `reset`: the client is told at once, by RST, that nobody has served it. `close`: it sees a good end without an answer.
 * A function writes an answer, and ends the socket; it may read what the client has sent. It has 5 seconds, then the
 * socket is destroyed.
 */
export type Refuse = 'reset' | 'close' | ((socket: Socket, why: Refusal) => void);

const refusalMs = 5000;

/** `hasCopy`: another process may hold the connection as well, so that to close ours would not be seen by the client. */
export function refuseWith(
  refuse: Refuse,
  socket: Socket,
  why: Refusal,
  { hasCopy, clock }: { hasCopy: boolean; clock: Clock },
): void {
  if (socket.destroyed) return;
  if (refuse === 'reset') return reset(socket, hasCopy);
  const timer = clock.after(refusalMs, () => socket.destroy());
  timer.unref();
  socket.once('close', () => timer.cancel());
  try {
    if (refuse === 'close') socket.end();
    else refuse(socket, why);
  } catch (error) {
    reset(socket, hasCopy);
    // It is no fault of the connections that come after this one.
    queueMicrotask(() => {
      throw error;
    });
    return;
  }
  if (socket.destroyed) return;
  // What the client still sends is taken, or else its end would not be seen, and ours would reset what it has not read.
  socket.resume();
  startReading(socket);
}

function reset(socket: Socket, hasCopy: boolean): void {
  // An end of writing is seen whoever else holds the connection; a Unix domain socket knows no reset.
  if (hasCopy || socket.remoteAddress === undefined) socket.destroySoon();
  else socket.resetAndDestroy();
}
