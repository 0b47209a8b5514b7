/**
 * The giving side of a hand-over: sends handles over one IPC channel, and loses none.
 *
 * Our own copy stays open until the other end has said that it has taken the handle, before it reads a byte of it. So
 * whatever happens in between, the handle is either there, or here again to be given to another:
 *
 * ```
 *   give --waits--> on its way --accepted--> there: our copy of a socket is closed
 *                       |------gone------> its client had gone, or it was destroyed: both sides hear it
 *                       |------refused---> here again: the other end is full, draining, or takes none of this purpose
 *                       |------lost------> here again: it came without its descriptor (the other end has too many open)
 *                       |------late------> here again: no answer for `ackMs`; the other end counts as hung until it speaks
 *                       |------dead------> here again: the process ended, or closed the channel
 * ```
 * A process that wakes up after it was given up asks before it touches what it finds, so that no connection is served
 * twice. `disconnect` is not waited for: it never comes for a process that is killed with a handle on its way (measured).
 */
import type { Clock } from '../base/clock.ts';
import type { TakerState } from './envelope.ts';
import type { Handle } from './givable.ts';

export interface HandOverOptions {
  /** How many handles may wait at once; above it `give` throws `ERR_BUSY`. Default 1000. */
  maxWaiting?: number | undefined;
  /** How long the other end may take to answer before it counts as hung and what it was given goes elsewhere, in milliseconds. Default 2000. */
  ackMs?: number | undefined;
  /** Must tell the same time in both processes. Default: the machine's monotonic clock. */
  clock?: Clock | undefined;
}

export interface GiveOptions {
  /** Which `takeHandles` of the other end is meant. Default `'default'`. */
  purpose?: string | undefined;
  /** Told to the other end with the handle: a JSON value. Default null. */
  note?: unknown;
  /** Our copy stays open, and both ends use it. Default: false for a socket, true for a server or datagram socket. */
  keep?: boolean | undefined;
  /** How long it may wait for the other end to be ready and for its turn, in milliseconds. Default 10,000. */
  timeoutMs?: number | undefined;
  /** Takes it back as long as it waits. */
  signal?: AbortSignal | undefined;
}

/** Why a handle is ours again. */
export type ReturnReason = 'refused' | 'lost' | 'late' | 'dead';

/** What became of a handle. */
export type Given = { kind: 'accepted' } | { kind: 'gone' } | { kind: 'returned'; why: ReturnReason };

/** `starting`: the other end has not yet said that it takes handles. `dead`: it ended, or closed the channel. */
export type HandOverState = 'starting' | TakerState | 'hung' | 'dead';

export interface HandOver {
  /** For errors: `process 4711`. */
  readonly name: string;
  /** Handles that wait or are on their way. */
  readonly underWay: number;
  /** Sockets that the other end has taken, and has not yet told to be closed. */
  readonly open: number;
  /** How the other end stands to handles of one purpose. Default `'default'`. */
  state(purpose?: string): HandOverState;
  /**
   * Gives a handle away. Resolves with what became of it; where it is `returned` it is as it was before, and ours.
   *
   * A socket is read by nobody here any more; what was read of it already goes along. It must be accepted with
   * `pauseOnConnect: true`, or have no listeners, or bytes of it are lost to them.
   *
   * Throws `ERR_BUSY` where too many wait, `ERR_TIMEOUT` and `ERR_CANCELLED` where it waited in vain (it is ours as
   * before), `ERR_BAD_ARGUMENT` for what cannot be given (an encrypted socket, one with unwritten bytes, one that is on
   * its way already), `ERR_NOT_SUPPORTED` where the platform cannot.
   */
  give(handle: Handle, options?: GiveOptions): Promise<Given>;
  /** Calls when a state has changed, or there is more room, until the returned function is called. */
  onChange(listener: () => void): () => void;
}

export const usualPurpose = 'default';
