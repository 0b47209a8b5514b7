/**
 * A router of connections: what one server accepts is served by many processes.
 *
 * ```
 *   accepted --peeking, where the rule asks for it--> placing --a worker is picked--> on its way --accepted--> (routed)
 *                                                        |  ^                             |--gone--> (gone)
 *                                  none can take it now  |  | one can, or                 |
 *                                                        v  | `waitMs` are not over       |--returned--> placing again
 *                                                      waiting --too long, or too many--> (refused)
 * ```
 * A connection is held by this process until a worker has taken it, so that none is lost with a worker. Nothing of it is
 * read here, but for what a rule looks at, and that goes along.
 */
import { Buffer } from 'node:buffer';
import type { Server, Socket } from 'node:net';
import type { Clock } from '../base/clock.ts';
import { KindredError } from '../base/errors.ts';
import { Fifo } from '../base/fifo.ts';
import { countOf, msOf } from './bounds.ts';
import { machineClock } from './channel-end.ts';
import type { Given } from './hand-over.ts';
import { peek } from './peek.ts';
import { type Refusal, type Refuse, refuseWith } from './refuse.ts';
import type { RouteWorker } from './route-worker.ts';
import { type Candidate, type Connection, type FirstBytes, leastConnections, type Rule } from './rules.ts';

export interface RouteOptions {
  /** The workers; of a function, those that there are at the time. */
  to: readonly RouteWorker[] | (() => readonly RouteWorker[]);
  /** Which of those that can take it now gets a connection. Default: `leastConnections()`. */
  pick?: Rule | undefined;
  /** How many connections may wait for a worker, or be looked at, at once. Default 1000. */
  maxWaiting?: number | undefined;
  /** How long one may wait for a worker, in milliseconds. Default 10,000. */
  waitMs?: number | undefined;
  /** What becomes of a connection that nobody takes: `reset`, `close`, or a function that writes an answer and ends it. Default `reset`. */
  refuse?: Refuse | undefined;
  /** Told to the worker with each connection: a JSON value. Default: null. */
  note?: ((connection: Connection) => unknown) | undefined;
  clock?: Clock | undefined;
}

/** How many connections have come to which end, since the router began; `waiting` and `onTheWay`: how many are there now. */
export interface RouteCounts {
  /** Taken by a worker. */
  readonly routed: number;
  /** Given to another worker because the first one did not take it; one connection may be counted several times. */
  readonly rerouted: number;
  readonly refused: number;
  /** Closed by the client, or reset, before a worker had it. */
  readonly gone: number;
  /** Waiting for a worker, or being looked at. */
  readonly waiting: number;
  readonly onTheWay: number;
}

export interface Router {
  readonly counts: RouteCounts;
  /** Looks again whether those that wait can go: for workers that are new in the list. It does so ten times a second by itself. */
  look(): void;
  /** Takes no more connections from the server, and refuses those that wait. Resolves when none is on its way. The server stays as it is. */
  close(): Promise<void>;
  [Symbol.asyncDispose](): Promise<void>;
}

/**
 * Gives every connection that a server accepts to one of several workers.
 *
 * The server is a plain one of `net`, made with `pauseOnConnect: true`: what it would read early would be lost to the
 * worker. `maxConnections` is not for such a server; bound the workers by `maxOpen`.
 *
 * Throws `ERR_BAD_ARGUMENT` for a server that reads, or that serves connections itself.
 *
 * ```ts
 * const server = net.createServer({ pauseOnConnect: true }).listen(8080);
 * await using router = route(server, { to: children.map((child) => routeWorker(child)), pick: roundRobin() });
 * ```
 */
export function route(server: Server, options: RouteOptions): Router {
  if ((server as { pauseOnConnect?: boolean }).pauseOnConnect !== true)
    throw new KindredError(
      'ERR_BAD_ARGUMENT',
      'a server whose connections are routed must not read them: make it with net.createServer({ pauseOnConnect: true })',
    );
  if (server.listenerCount('connection') > 0)
    throw new KindredError(
      'ERR_BAD_ARGUMENT',
      "the server has a listener for 'connection', as those of http and tls have: give route a bare net.Server, and let the workers speak the protocol",
    );
  return new ServerRouter(server, options);
}

/** Between two looks at those that wait. */
const lookMs = 100;

interface Arrival {
  readonly socket: Socket;
  connection: Connection;
  /** Until when it may wait. */
  deadline: number;
  /** They have just sent it back. */
  readonly avoid: Set<Candidate>;
  /** A process that hangs may still hold a copy. */
  hasCopy: boolean;
  stopPeeking(): void;
}

class ServerRouter implements Router {
  readonly #server: Server;
  readonly #to: RouteOptions['to'];
  readonly #pick: Rule;
  readonly #maxWaiting: number;
  readonly #waitMs: number;
  readonly #refuseWith: Refuse;
  readonly #note: RouteOptions['note'];
  readonly #clock: Clock;
  readonly #waiting = new Fifo<Arrival>();
  readonly #peeking = new Set<Arrival>();
  readonly #heard = new Map<RouteWorker, () => void>();
  #onTheWay = 0;
  #routed = 0;
  #rerouted = 0;
  #refused = 0;
  #gone = 0;
  #isLooking = false;
  #isTicking = false;
  #isClosed = false;
  #onIdle: (() => void)[] = [];

  constructor(server: Server, options: RouteOptions) {
    this.#server = server;
    this.#to = options.to;
    this.#pick = options.pick ?? leastConnections();
    this.#maxWaiting = countOf('maxWaiting', options.maxWaiting, 1000);
    this.#waitMs = msOf('waitMs', options.waitMs, 10_000);
    this.#refuseWith = options.refuse ?? 'reset';
    this.#note = options.note;
    this.#clock = options.clock ?? machineClock;
    server.on('connection', this.#onConnection);
  }

  get counts(): RouteCounts {
    return {
      routed: this.#routed,
      rerouted: this.#rerouted,
      refused: this.#refused,
      gone: this.#gone,
      waiting: this.#waiting.size + this.#peeking.size,
      onTheWay: this.#onTheWay,
    };
  }

  look(): void {
    if (this.#isLooking || this.#waiting.size === 0) return;
    this.#isLooking = true;
    // Once for all that changes in one turn of the event loop.
    setImmediate(() => {
      this.#isLooking = false;
      const now = this.#clock.now();
      for (const arrival of this.#waiting.take())
        if (now >= arrival.deadline) this.#refuse(arrival, { kind: 'waited-too-long' });
        else this.#place(arrival);
    });
  }

  async close(): Promise<void> {
    if (!this.#isClosed) {
      this.#isClosed = true;
      this.#server.off('connection', this.#onConnection);
      const waiting = [...this.#peeking, ...this.#waiting.take()];
      this.#peeking.clear();
      for (const arrival of waiting) arrival.stopPeeking();
      for (const arrival of waiting) this.#refuse(arrival, { kind: 'router-closed' });
    }
    if (this.#onTheWay > 0) await new Promise<void>((resolve) => this.#onIdle.push(resolve));
    for (const stopHearing of this.#heard.values()) stopHearing();
    this.#heard.clear();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  readonly #onConnection = (socket: Socket): void => {
    // One that is reset while it waits: whoever takes it hears of it.
    socket.on('error', () => {});
    const arrival: Arrival = {
      socket,
      connection: connectionOf(socket),
      deadline: this.#clock.now() + this.#waitMs,
      avoid: new Set(),
      hasCopy: false,
      stopPeeking() {},
    };
    if (this.#pick.peek === undefined) this.#place(arrival);
    else if (this.#isFull()) this.#refuse(arrival, { kind: 'too-many-wait' });
    else void this.#peekAt(arrival, this.#pick.peek);
  };

  async #peekAt(arrival: Arrival, { bytes, timeoutMs, enough }: FirstBytes): Promise<void> {
    const { socket, connection } = arrival;
    const wanted = {
      bytes,
      timeoutMs,
      enough: (firstBytes: Buffer) => enough?.(firstBytes, connection) === true,
    };
    const peeking = peek(socket, wanted, this.#clock);
    arrival.stopPeeking = peeking.stop;
    this.#peeking.add(arrival);
    try {
      const firstBytes = await peeking.seen;
      // Refused meanwhile, where it is not there any more.
      if (!this.#peeking.delete(arrival)) return;
      arrival.connection = { ...connection, firstBytes };
      arrival.deadline = this.#clock.now() + this.#waitMs;
      this.#place(arrival);
    } catch (error) {
      if (this.#peeking.delete(arrival)) this.#refuse(arrival, { kind: 'rule-failed', error });
    }
  }

  #place(arrival: Arrival): void {
    const candidates = this.#workers().filter(
      (worker) => worker.state === 'available' && !arrival.avoid.has(worker),
    );
    let worker: RouteWorker | undefined;
    let note: unknown;
    try {
      worker = this.#pickOf(arrival.connection, candidates);
      if (worker !== undefined) note = this.#note?.(arrival.connection);
    } catch (error) {
      return this.#refuse(arrival, { kind: 'rule-failed', error });
    }
    if (worker === undefined) this.#wait(arrival);
    else void this.#give(arrival, worker, note);
  }

  #pickOf(connection: Connection, candidates: readonly RouteWorker[]): RouteWorker | undefined {
    if (candidates.length === 0) return undefined;
    const picked = this.#pick(connection, candidates);
    const worker = candidates.find((each) => each === picked);
    if (picked !== undefined && worker === undefined)
      throw new KindredError(
        'ERR_BAD_ARGUMENT',
        `the rule has picked '${picked.name}', which is none of the workers that it was given`,
      );
    return worker;
  }

  async #give(arrival: Arrival, worker: RouteWorker, note: unknown): Promise<void> {
    this.#onTheWay++;
    let given: Given;
    try {
      given = await worker.give(arrival.socket, { note });
    } catch {
      // It had no room for one more, or was not ready in time.
      given = { kind: 'returned', why: 'refused' };
    }
    this.#onTheWay--;
    if (given.kind === 'accepted') this.#routed++;
    else if (given.kind === 'gone' || arrival.socket.destroyed) this.#gone++;
    else {
      this.#rerouted++;
      arrival.avoid.add(worker);
      if (given.why === 'late') arrival.hasCopy = true;
      this.#place(arrival);
    }
    if (this.#onTheWay === 0) for (const resolve of this.#onIdle.splice(0)) resolve();
  }

  #wait(arrival: Arrival): void {
    if (this.#isClosed) return this.#refuse(arrival, { kind: 'router-closed' });
    if (this.#clock.now() >= arrival.deadline) return this.#refuse(arrival, { kind: 'waited-too-long' });
    if (this.#isFull()) return this.#refuse(arrival, { kind: 'too-many-wait' });
    arrival.avoid.clear();
    this.#waiting.push(arrival);
    this.#tick();
  }

  /** For those whose time is over, and for workers that came without a word. */
  #tick(): void {
    if (this.#isTicking) return;
    this.#isTicking = true;
    this.#clock.after(Math.min(lookMs, this.#waitMs), () => {
      this.#isTicking = false;
      this.look();
      if (this.#waiting.size > 0) this.#tick();
    });
  }

  #isFull(): boolean {
    return this.#waiting.size + this.#peeking.size >= this.#maxWaiting;
  }

  #refuse({ socket, hasCopy }: Arrival, why: Refusal): void {
    this.#refused++;
    refuseWith(this.#refuseWith, socket, why, { hasCopy, clock: this.#clock });
  }

  #workers(): readonly RouteWorker[] {
    const workers = typeof this.#to === 'function' ? this.#to() : this.#to;
    for (const worker of workers)
      if (!this.#heard.has(worker))
        this.#heard.set(
          worker,
          worker.onChange(() => this.look()),
        );
    if (this.#heard.size > workers.length)
      for (const [worker, stopHearing] of this.#heard) {
        if (workers.includes(worker)) continue;
        stopHearing();
        this.#heard.delete(worker);
      }
    return workers;
  }
}

function connectionOf(socket: Socket): Connection {
  const { remoteAddress, remotePort = 0, localAddress, localPort = 0 } = socket;
  return {
    remoteAddress: plain(remoteAddress),
    remotePort,
    localAddress: plain(localAddress),
    localPort,
    firstBytes: Buffer.alloc(0),
  };
}

function plain(address: string | undefined): string {
  return address?.replace(/^::ffff:(?=\d+\.)/, '') ?? '';
}
