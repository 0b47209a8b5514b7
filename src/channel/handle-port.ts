/**
 * What passes open sockets and servers beside a channel, in order with its messages. A message names them by number.
 *
 * ```
 *   the end that passes                          the end that takes
 *     give(socket): 7          --the socket-->     it is there, and nobody reads of it
 *     sends a message with 7   --message--->       find(7) while the message is decoded
 *                              <---wanted----      take([7]) before the message is obeyed
 *     not recalled: yours      ---answer---->      it is ours, and the function may run
 * ```
 * Until it has said `yours`, the end that passes has the handle and may take it back at any time (`recall`): because the
 * call was given up, or has failed, or the other end is gone. So a handle is always in exactly one hand, and a message
 * whose handles are not all there is not obeyed.
 */
import type { KindredError } from '../base/errors.ts';

export interface HandlePort {
  isHandle(value: object): boolean;
  /**
   * Sends a handle ahead of the message that is being encoded, and returns its number; undefined where it is none.
   * `back`: what becomes of a socket that is not taken, `keep` (as it was before) or `close`. Throws `KindredError` where
   * it cannot be passed.
   */
  give(value: object, back: 'keep' | 'close'): number | undefined;
  /** What of these the other end has not taken is ours again. */
  recall(ids: readonly number[]): void;
  /** The handle that came under this number; undefined where none has. */
  find(id: number): object | undefined;
  /** Takes all of them, or none. Resolves with undefined once they are ours, else with the reason. Never rejects. */
  take(ids: readonly number[]): Promise<KindredError | undefined>;
  /** Does not want those that came. */
  refuse(ids: readonly number[]): void;
  /** Closes one that was taken and found nobody. */
  discard(handle: object): void;
  /** The channel is over: what the other end has not taken by now is ours again. */
  close(): void;
}

/** Where nobody has anything to do with handles. */
export const noHandles: HandlePort = {
  isHandle: () => false,
  give: () => undefined,
  recall() {},
  find: () => undefined,
  take: () => Promise.resolve(undefined),
  refuse() {},
  discard() {},
  close() {},
};
