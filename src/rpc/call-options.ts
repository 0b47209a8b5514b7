import type { AckLevel, Meta } from '../wire/message.ts';

/** How one call or notification is to be made. */
export interface CallOptions {
  /** Gives up when it fires: the call rejects with `ERR_CANCELLED`, and the function's own signal fires at the other end. */
  signal?: AbortSignal | undefined;
  /** Gives up after so many milliseconds, with `ERR_TIMEOUT`. A stream must have ended by then. Default: none. */
  timeoutMs?: number | undefined;
  /** When a notification resolves. Default `written`. */
  delivery?: 'written' | AckLevel | undefined;
  /** `named`: the one argument is an object of named parameters. Default `positional`. */
  params?: 'positional' | 'named' | undefined;
  /** Moved instead of copied where the channel can (an `ArrayBuffer` to a thread). */
  transfer?: readonly object[] | undefined;
  /** Travels beside the arguments: trace context and the like. */
  meta?: Meta | undefined;
}
