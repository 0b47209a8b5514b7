/** A process that a router can give connections to. */
import type { Socket } from 'node:net';
import type { Clock } from '../base/clock.ts';
import { countOf } from './bounds.ts';
import { type ChannelEnd, machineClock } from './channel-end.ts';
import { handOver } from './giver.ts';
import type { Given, HandOver, HandOverOptions, HandOverState } from './hand-over.ts';
import type { Candidate } from './rules.ts';

export interface RouteWorker extends Candidate {
  /** Only one that is `available` is given connections. */
  readonly state: HandOverState;
  /** Gives it the connection. What is `returned` is routed again. */
  give(socket: Socket, options?: { note?: unknown }): Promise<Given>;
  /** Calls when `state` or `open` has changed, until the returned function is called. */
  onChange(listener: () => void): () => void;
}

export interface RouteWorkerOptions extends HandOverOptions {
  /** How rules know it; a sticky rule finds a worker that was started anew under its old name. Default: `process 4711`. */
  name?: string | undefined;
  /** What it is for. Default `['normal']`. */
  roles?: readonly string[] | undefined;
  /** As many connections it may have at once. Default: no limit of ours. */
  maxOpen?: number | undefined;
  /** Which `takeHandles` of the process is meant. Default `'default'`. */
  purpose?: string | undefined;
}

export interface ProcessWorker extends RouteWorker {
  /** From now on it gets no more connections; those that it has go on. */
  drain(): void;
}

/**
 * A worker that is a child of this process, with an IPC channel, and calls `takeHandles` there.
 *
 * Throws `ERR_NOT_SUPPORTED` where there is no IPC channel.
 */
export function routeWorker(child: ChannelEnd, options: RouteWorkerOptions = {}): ProcessWorker {
  return new WorkerOverChannel(child, options);
}

/** One that had no descriptor left gets time to close some. */
const coolingMs = 1000;

class WorkerOverChannel implements ProcessWorker {
  readonly name: string;
  readonly roles: readonly string[];
  readonly #handOver: HandOver;
  readonly #clock: Clock;
  readonly #purpose: string | undefined;
  readonly #maxOpen: number;
  readonly #maxWaiting: number;
  readonly #listeners = new Set<() => void>();
  #isDraining = false;
  #isCooling = false;

  constructor(child: ChannelEnd, options: RouteWorkerOptions) {
    const { name, roles = ['normal'], maxOpen, purpose, clock = machineClock } = options;
    this.#maxOpen = countOf('maxOpen', maxOpen, Number.POSITIVE_INFINITY);
    this.#maxWaiting = countOf('maxWaiting', options.maxWaiting, 1000);
    this.#handOver = handOver(child, options);
    this.#handOver.onChange(() => this.#changed());
    this.#clock = clock;
    this.#purpose = purpose;
    this.name = name ?? this.#handOver.name;
    this.roles = roles;
  }

  get open(): number {
    return this.#handOver.open + this.#handOver.underWay;
  }

  get state(): HandOverState {
    const state = this.#handOver.state(this.#purpose);
    if (state !== 'available') return state;
    if (this.#isDraining) return 'draining';
    const isFull = this.open >= this.#maxOpen || this.#handOver.underWay >= this.#maxWaiting;
    return isFull || this.#isCooling ? 'full' : 'available';
  }

  async give(socket: Socket, { note }: { note?: unknown } = {}): Promise<Given> {
    const given = await this.#handOver.give(socket, { purpose: this.#purpose, note });
    if (given.kind === 'returned' && given.why === 'lost') this.#cool();
    // There is room for one more.
    if (given.kind !== 'accepted') this.#changed();
    return given;
  }

  drain(): void {
    this.#isDraining = true;
    this.#changed();
  }

  onChange(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  #cool(): void {
    if (this.#isCooling) return;
    this.#isCooling = true;
    const timer = this.#clock.after(coolingMs, () => {
      this.#isCooling = false;
      this.#changed();
    });
    timer.unref();
  }

  #changed(): void {
    for (const listener of [...this.#listeners]) listener();
  }
}
