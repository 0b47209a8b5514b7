/**
 * The taking side of a hand-over: handles come in over one IPC channel.
 *
 * ```
 *   arrived --usable, and wanted--> accepted --in time--------------> the user's function has it
 *      |                               |--late--> asked --yours-----> the user's function has it
 *      |--not wanted--> refused                     |--recalled-----> dropped: it was given to another
 *      |--its descriptor is missing, or its client has gone--> gone
 * ```
 * A socket is accepted before the user's function has it, and nothing of it is read before that word is written: were it
 * the other way round, a process that dies in between would leave a half-read connection to be served again. A listening
 * server and a datagram socket are shared, so nothing is asked about them.
 */
import { Buffer } from 'node:buffer';
import type { ChildProcess } from 'node:child_process';
import { Socket } from 'node:net';
import type { Clock } from '../base/clock.ts';
import { KindredError } from '../base/errors.ts';
import { type ChannelEnd, machineClock, openEnd } from './channel-end.ts';
import {
  envelope,
  type Give,
  type HandleKind,
  openEnvelope,
  type TakerSays,
  type TakerState,
} from './envelope.ts';
import { drop, type Handle, isUsable } from './givable.ts';
import { usualPurpose } from './hand-over.ts';
import { startReading, stopReading } from './node-internals.ts';

/** What is told with a handle. */
export interface HandleNote {
  readonly kind: HandleKind;
  /** As the giver gave it. Null where it gave none. */
  readonly note: unknown;
}

export interface TakeOptions {
  /** Which gifts are meant: those with the same purpose. Default `'default'`. */
  purpose?: string | undefined;
  /** Asked before a handle is accepted: false sends it back, to be given to another. Default: all are. */
  accepts?: ((about: HandleNote) => boolean) | undefined;
  /** Told of a handle that was closed on its way. */
  onGone?: ((about: HandleNote) => void) | undefined;
  /** Must tell the same time in both processes. Default: the machine's monotonic clock. */
  clock?: Clock | undefined;
}

export interface Taking {
  /** What the giver was told. */
  readonly state: TakerState;
  /** Sockets that came, and are not closed yet. */
  readonly open: number;
  /** Tells the giver whether to send more: `full` until it is told `available`, `draining` for good. What comes all the same is refused. */
  mark(state: TakerState): void;
  /** Takes no more. Resolves when every socket that came is closed. The channel stays open: `process.disconnect()` closes it. */
  close(): Promise<void>;
}

// A channel has one taking side, whoever takes: all of them hear the same messages.
const receivers = new WeakMap<ChildProcess, Receiver>();

/**
 * Takes the handles that the other end of an IPC channel gives. The function gets each as soon as it is irrevocably ours:
 * a `net.Socket` that nobody has read of, a `net.Server` that listens, a bound `dgram.Socket`. It must attach its listeners
 * at once. Where it throws, the handle is closed, and the error goes its way.
 *
 * Throws `ERR_NOT_SUPPORTED` where there is no IPC channel, `ERR_BAD_ARGUMENT` where handles of that purpose are taken already.
 *
 * ```ts
 * takeHandles(process, acceptInto(http.createServer(app)));
 * ```
 */
export function takeHandles(
  from: ChannelEnd,
  onHandle: (handle: Handle, about: HandleNote) => void,
  options: TakeOptions = {},
): Taking {
  const end = openEnd(from);
  let receiver = receivers.get(end);
  if (receiver === undefined) {
    receiver = new Receiver(end);
    receivers.set(end, receiver);
  }
  return receiver.take(onHandle, options);
}

/** How long a late one may wait for the giver's word. It comes at once, unless the channel is lost without a sign. */
const verdictMs = 10_000;

class Taker implements Taking {
  readonly purpose: string;
  readonly onHandle: (handle: Handle, about: HandleNote) => void;
  readonly options: TakeOptions;
  readonly clock: Clock;
  readonly #tell: () => void;
  #state: TakerState = 'available';
  #open = 0;
  #isClosed = false;
  #onEmpty: (() => void)[] = [];

  constructor(onHandle: Taker['onHandle'], options: TakeOptions, tell: (taker: Taker) => void) {
    this.onHandle = onHandle;
    this.options = options;
    this.purpose = options.purpose ?? usualPurpose;
    this.clock = options.clock ?? machineClock;
    this.#tell = () => tell(this);
  }

  get state(): TakerState {
    return this.#state;
  }

  get open(): number {
    return this.#open;
  }

  get isClosed(): boolean {
    return this.#isClosed;
  }

  mark(state: TakerState): void {
    // It is for good: the giver may have ended the child's other affairs already.
    if (this.#state === state || this.#state === 'draining') return;
    this.#state = state;
    this.#tell();
  }

  async close(): Promise<void> {
    this.mark('draining');
    this.#isClosed = true;
    if (this.#open > 0) await new Promise<void>((resolve) => this.#onEmpty.push(resolve));
  }

  wants(about: HandleNote): boolean {
    return this.#state === 'available' && this.options.accepts?.(about) !== false;
  }

  deliver(handle: Handle, about: HandleNote, onClose: () => void): void {
    if (handle instanceof Socket) {
      this.#open++;
      handle.once('close', () => {
        this.#open--;
        onClose();
        if (this.#open === 0) for (const resolve of this.#onEmpty.splice(0)) resolve();
      });
    }
    try {
      this.onHandle(handle, about);
    } catch (error) {
      drop(handle);
      throw error;
    }
  }
}

class Receiver {
  readonly #end: ChildProcess;
  readonly #takers = new Map<string, Taker>();
  #lastSeen = 0;
  /** Accepted late: what to do when the giver has spoken. */
  readonly #verdicts = new Map<number, (isOurs: boolean) => void>();
  #closed: number[] = [];

  constructor(end: ChildProcess) {
    this.#end = end;
    end.on('message', (message, handle) => this.#onMessage(message, handle as Handle | undefined));
    end.once('disconnect', () => {
      // Whether they were given to another, nobody can say any more.
      for (const decide of [...this.#verdicts.values()]) decide(false);
    });
  }

  take(onHandle: Taker['onHandle'], options: TakeOptions): Taking {
    const taker = new Taker(onHandle, options, (each) => this.#tellReady(each));
    if (this.#takers.get(taker.purpose)?.isClosed === false)
      throw new KindredError(
        'ERR_BAD_ARGUMENT',
        `handles for '${taker.purpose}' are taken already: close that first, or take another purpose`,
      );
    this.#takers.set(taker.purpose, taker);
    this.#tellReady(taker);
    return taker;
  }

  #onMessage(message: unknown, handle: Handle | undefined): void {
    const said = openEnvelope(message);
    switch (said?.say) {
      case 'hello':
        for (const taker of this.#takers.values()) this.#tellReady(taker);
        return;
      case 'give':
        this.#lastSeen = Math.max(this.#lastSeen, said.id);
        return this.#arrived(said, handle);
      case 'have':
        // Node.js drops a message whose descriptor did not arrive. One that did is answered, or about to be.
        if (said.id > this.#lastSeen) this.#say({ say: 'unseen', id: said.id });
        return;
      case 'yours':
      case 'recalled':
        return this.#verdicts.get(said.id)?.(said.say === 'yours');
      default:
    }
  }

  #arrived(give: Give, handle: Handle | undefined): void {
    const { id, kind, purpose, note } = give;
    const about: HandleNote = { kind, note: note ?? null };
    const taker = this.#takers.get(purpose);
    if (handle === undefined || !isUsable(handle)) {
      drop(handle);
      this.#say({ say: 'gone', id });
      taker?.options.onGone?.(about);
      return;
    }
    let isWanted = false;
    try {
      isWanted = taker?.wants(about) === true;
    } finally {
      if (!isWanted) {
        drop(handle);
        this.#say({ say: 'refused', id });
      }
    }
    if (taker === undefined || !isWanted) return;
    if (handle instanceof Socket) this.#accept(give, handle, about, taker);
    else {
      this.#say({ say: 'accepted', id });
      taker.deliver(handle, about, () => {});
    }
  }

  #accept({ id, bytes, by }: Give, socket: Socket, about: HandleNote, taker: Taker): void {
    const deliver = (): void => {
      if (bytes !== '') socket.unshift(Buffer.from(bytes, 'base64'));
      startReading(socket);
      taker.deliver(socket, about, () => this.#tellClosed(id));
    };
    stopReading(socket);
    this.#say({ say: 'accepted', id }, (error) => {
      // The giver did not hear it, so it is not ours.
      if (error !== null) drop(socket);
      else if (taker.clock.now() < by) deliver();
      else this.#ask(id, taker.clock, (isOurs) => (isOurs ? deliver() : drop(socket)));
    });
  }

  #ask(id: number, clock: Clock, decide: (isOurs: boolean) => void): void {
    const timer = clock.after(verdictMs, () => this.#verdicts.get(id)?.(false));
    this.#verdicts.set(id, (isOurs) => {
      timer.cancel();
      this.#verdicts.delete(id);
      decide(isOurs);
    });
    this.#say({ say: 'mine', id });
  }

  #tellReady({ purpose, state }: Taker): void {
    this.#say({ say: 'ready', purpose, state });
  }

  /** One message for all that close in one turn of the event loop. */
  #tellClosed(id: number): void {
    this.#closed.push(id);
    if (this.#closed.length > 1) return;
    setImmediate(() => {
      const ids = this.#closed;
      this.#closed = [];
      this.#say({ say: 'closed', ids });
    });
  }

  #say(said: TakerSays, written: (error: Error | null) => void = () => {}): void {
    this.#end.send(envelope(said), written);
  }
}
