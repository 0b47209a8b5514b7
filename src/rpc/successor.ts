/**
 * What goes on after a connection: it takes the calls and notifications that the connection has left undone, and makes
 * them again on another.
 */
import type { KindredError } from '../base/errors.ts';
import type { JoinedOptions } from './call-options.ts';
import type { Scope } from './scope.ts';

/** What must be known of a call or notification to make it again. Kept only where somebody may do so. */
export interface Retained {
  readonly args: readonly unknown[];
  readonly options: JoinedOptions;
  /** The call from inside of which it was made. */
  readonly from: Scope | undefined;
  /** When its time is up, on the watch's free time; undefined: never. */
  due: number | undefined;
  /** Counts upwards over all connections: in this order it was made. */
  readonly order: number;
  /** What made it, where it has waited before. */
  readonly held: unknown;
}

/** A call or notification that a connection has left undone. */
export interface Undone extends Retained {
  readonly kind: 'call' | 'notification';
  readonly method: string;
  /** It was sent, and nobody knows what became of it. */
  readonly mayHaveRun: boolean;
  resolve(value: unknown): void;
  reject(error: unknown): void;
}

/** Of one connection. */
export interface Successor {
  /** The order of what is made now. */
  next(): number;
  /** True: it is settled there from now on. */
  take(undone: Undone): boolean;
  /** Nothing new goes out on this connection: it is closed, or the other end takes no more calls. Before anything is given to `take`. */
  onRefusal(error: KindredError): void;
}
