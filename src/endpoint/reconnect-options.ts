/** How a peer that has lost its connection comes by another. */
import { parseAddress } from '../transports/address.ts';
import { checkMs, checkWhole, wrong } from './check-options.ts';
import type { Target } from './target.ts';

export interface ReconnectOptions {
  /** The most that is waited before the first try, in milliseconds; twice as long before each further one. What is waited is a random part of it. Default 100. */
  firstMs?: number | undefined;
  /** The most that is ever waited between two tries, in milliseconds. Default 10,000. */
  maxMs?: number | undefined;
  /** Calls and notifications that wait for the connection at most; one more rejects with `ERR_BUSY`. Default: as `limits.maxWaitingCalls`. */
  maxWaiting?: number | undefined;
  /** Closes the peer where it had no connection for so long, in milliseconds. Default: never. */
  giveUpAfterMs?: number | undefined;
  /** Functions that may run twice: their calls are made again where nobody knows whether they ran, as those `with({ idempotent: true })`. Default: none. */
  idempotent?: readonly string[] | undefined;
}

export interface Reconnecting {
  readonly firstMs: number;
  readonly maxMs: number;
  readonly maxWaiting: number;
  readonly giveUpAfterMs: number;
  readonly idempotent: ReadonlySet<string>;
}

const lastingKinds: ReadonlySet<string> = new Set(['local', 'unix', 'abstract', 'pipe', 'tcp', 'tls']);

/** Undefined where a lost connection is the end of the peer. Throws `ERR_BAD_ARGUMENT`. */
export function reconnectingOf(
  given: boolean | ReconnectOptions | undefined,
  target: Target,
  maxWaitingCalls: number,
): Reconnecting | undefined {
  if (given !== undefined && typeof given !== 'boolean' && (typeof given !== 'object' || given === null))
    throw wrong('reconnect is true, false, or its options');
  // Behind any other target is one process, or one stream: nobody comes in its place.
  const canReconnect = typeof target === 'string' && lastingKinds.has(parseAddress(target).kind);
  const isAsked = given !== undefined && given !== false;
  if (isAsked && !canReconnect)
    throw wrong(
      'reconnect is for addresses at which a server can listen again: local:, unix:, pipe:, tcp:, tls:',
    );
  if (given === false || !canReconnect) return undefined;
  const options = given === undefined || given === true ? {} : given;
  const { firstMs = 100, maxMs = 10_000, giveUpAfterMs = Number.POSITIVE_INFINITY } = options;
  const { maxWaiting = maxWaitingCalls, idempotent = [] } = options;
  checkMs('reconnect.firstMs', firstMs);
  checkMs('reconnect.maxMs', maxMs);
  checkMs('reconnect.giveUpAfterMs', giveUpAfterMs);
  checkWhole('reconnect.maxWaiting', maxWaiting, 0);
  if (!Array.isArray(idempotent) || idempotent.some((name) => typeof name !== 'string'))
    throw wrong('reconnect.idempotent takes the names of functions');
  return { firstMs, maxMs, giveUpAfterMs, maxWaiting, idempotent: new Set(idempotent) };
}
