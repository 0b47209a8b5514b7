/**
 * The one place where the brain decides. What happens is handled one after the other; a decision and its recording are
 * one step, without a wait between them, and only then it is carried out:
 *
 * ```
 *   post(happening) -> decide: changes crews, slots, lives; writes events; sees what may start or be told to end now
 *                   -> commit: notes to the keeper, then effects (start, end, watch), whose results are posted
 * ```
 * What it wants is always seen from its state alone, so that a brain that takes over goes on by deciding again.
 */
import type { Clock, Timer } from '../../base/clock.ts';
import { Fifo } from '../../base/fifo.ts';
import type { InstanceState, StackEvent } from '../control/control.ts';
import type { Keeper, KeptRoute, ListenerEntry } from '../keeper/keeper.ts';
import type { CheckedStack } from '../stack/checked-stack.ts';
import type { Checks } from './checks.ts';
import type { Crew, Life, Slot } from './crew.ts';
import type { EventBook } from './event-book.ts';
import type { Happening } from './happening.ts';
import {
  noteOfCrew,
  noteOfSlot,
  type Reloading,
  type ReloadNote,
  type Restarts,
  type StackNote,
} from './memory.ts';

export interface EngineSeams {
  keeper: Keeper;
  checks: Checks;
  clock: Clock;
  /** Milliseconds since 1970: for what people read. What is waited for goes by `clock`, which no jump can reach. */
  wallClock: () => number;
  /** 0 to 1, for jitter. */
  random: () => number;
  /** Of the keeper's files. */
  directory: string;
  logDirectory: string;
  /** Those that are open, for whoever inherits them. */
  listeners: Map<string, ListenerEntry>;
  /** The end of what a log holds of stderr. */
  lastLines: (log: string, since: number) => Promise<string[]>;
}

export class Engine {
  readonly seams: EngineSeams;
  readonly book: EventBook;
  readonly crews: Map<string, Crew> = new Map();
  readonly lives: Map<string, Life> = new Map();
  readonly reloads: Map<string, Reloading> = new Map();
  /** How the last reload of each service came out: of this brain's time. */
  readonly reloadEnds: Map<string, { event: number; isDone: boolean; text: string }> = new Map();
  /** Processes that give out connections, by listener. */
  readonly routers: Map<string, number> = new Map();
  /** What the keeper was told of each route. `isKept`: its router goes on with its rule, which this brain does not know. */
  readonly routes: Map<string, KeptRoute & { isKept: boolean }> = new Map();
  stack: CheckedStack;
  restarts: Restarts;
  /** Nothing is started any more. */
  isGoingDown = false;
  /** How many decisions there were. */
  decisions = 0;
  readonly #decide: (engine: Engine, happening: Happening) => void;
  readonly #queue = new Fifo<Happening>();
  readonly #touchedSlots = new Set<Slot>();
  readonly #touchedCrews = new Set<Crew>();
  readonly #forgotten = new Set<string>();
  readonly #observers = new Set<() => void>();
  /** The notes of the whole, as text: they are looked at after each decision, and sent where they differ. */
  readonly #sent = new Map<string, string>();
  /** For the keeper, in one call: a brain that dies notes all of a decision or nothing. */
  #notes: Record<string, unknown> = {};
  #effects: (() => unknown)[] = [];
  #isDeciding = false;
  #isClosed = false;
  #wake: { at: number; timer: Timer } | undefined;

  constructor(
    seams: EngineSeams,
    { stack, book, restarts }: { stack: CheckedStack; book: EventBook; restarts: Restarts },
    decide: (engine: Engine, happening: Happening) => void,
  ) {
    this.seams = seams;
    this.stack = stack;
    this.book = book;
    this.restarts = restarts;
    this.#decide = decide;
  }

  get isClosed(): boolean {
    return this.#isClosed;
  }

  now(): number {
    return this.seams.clock.now();
  }

  post(happening: Happening): void {
    if (this.#isClosed) return;
    this.#queue.push(happening);
    if (!this.#isDeciding) this.step(() => {});
  }

  /** One step of its own, before what is posted meanwhile. */
  step(run: () => void): void {
    this.#isDeciding = true;
    try {
      run();
      for (let next = this.#queue.shift(); next !== undefined; next = this.#queue.shift())
        this.#decide(this, next);
    } finally {
      this.#isDeciding = false;
    }
    this.#commit();
  }

  /** Decides no more, and lets go of what it watches. Services are as they are. */
  close(): void {
    this.#isClosed = true;
    this.#wake?.timer.cancel();
    for (const { watching, hearing } of this.lives.values()) {
      watching.abort();
      hearing.abort();
    }
    this.#tellObservers();
    this.#observers.clear();
  }

  /** Is called after each decision, and at the close, until the returned function is. */
  observe(observer: () => void): () => void {
    this.#observers.add(observer);
    return () => this.#observers.delete(observer);
  }

  /** Writes an event down; its number. */
  write(event: Omit<StackEvent, 'sequence' | 'at'>): number {
    return this.book.write(event, this.seams.wallClock()).sequence;
  }

  /** An event of an instance. */
  tell({ crew, instance }: Slot, kind: string, text: string, cause: number | undefined): number {
    return this.write({ service: crew.name, instance, kind, text, cause });
  }

  /** A slot without a process comes into this state. */
  rest(slot: Slot, rest: Slot['rest'], text: string, cause: number | undefined): number {
    slot.rest = rest;
    slot.since = this.seams.wallClock();
    slot.event = this.#changed(slot, rest, text, cause);
    return slot.event;
  }

  /** A process comes into this state. */
  move(life: Life, state: Life['state'], text: string, cause: number | undefined): number {
    life.state = state;
    life.since = this.seams.wallClock();
    life.event = this.#changed(life.slot, state, text, cause);
    if (life.slot.main === life) life.slot.event = life.event;
    return life.event;
  }

  #changed(slot: Slot, state: InstanceState, text: string, cause: number | undefined): number {
    this.touch(slot);
    return this.write({
      service: slot.crew.name,
      instance: slot.instance,
      kind: 'state',
      state,
      text,
      cause,
    });
  }

  /** What is noted of it is to be written anew. */
  touch(slot: Slot): void {
    this.#touchedSlots.add(slot);
  }

  touchCrew(crew: Crew): void {
    this.#touchedCrews.add(crew);
  }

  /** It is no more. */
  forget(gone: Slot | Crew): void {
    if ('key' in gone) {
      this.#touchedSlots.delete(gone);
      this.#forgotten.add(`slot/${gone.key}`);
    } else {
      this.#touchedCrews.delete(gone);
      this.#forgotten.add(`crew/${gone.name}`);
    }
  }

  /** Is carried out after what was decided is recorded. It sees to its own failures. */
  effect(run: () => unknown): void {
    this.#effects.push(run);
  }

  later(ms: number, happening: Happening, signal?: AbortSignal): void {
    const timer = this.seams.clock.after(Math.max(0, ms), () => this.post(happening));
    signal?.addEventListener('abort', () => timer.cancel(), { once: true });
  }

  /** Looks again at this time of the clock. */
  wakeAt(at: number): void {
    if (this.#isClosed || !Number.isFinite(at) || (this.#wake !== undefined && this.#wake.at <= at)) return;
    this.#wake?.timer.cancel();
    const timer = this.seams.clock.after(Math.max(0, at - this.now()), () => {
      this.#wake = undefined;
      this.post({ kind: 'time' });
    });
    this.#wake = { at, timer };
  }

  *slots(): Generator<Slot, void> {
    for (const crew of this.crews.values()) yield* crew.slots;
  }

  #commit(): void {
    this.decisions++;
    const wallMs = this.seams.wallClock() - this.now();
    for (const key of this.#forgotten) this.#notes[key] = undefined;
    for (const crew of this.#touchedCrews) this.#notes[`crew/${crew.name}`] = noteOfCrew(crew);
    for (const slot of this.#touchedSlots) this.#notes[`slot/${slot.key}`] = noteOfSlot(slot, wallMs);
    this.#forgotten.clear();
    this.#touchedCrews.clear();
    this.#touchedSlots.clear();
    const { name, groups, routes, listeners } = this.stack;
    this.#sendChanged('tree', this.restarts.state);
    const services = [...this.crews.keys()];
    const { isGoingDown } = this;
    this.#sendChanged('stack', {
      name,
      groups,
      routes,
      listeners,
      services,
      isGoingDown,
    } satisfies StackNote);
    for (const [service, { state, event }] of this.reloads)
      this.#sendChanged(`reload/${service}`, {
        state,
        event,
        wallMs: Math.round(wallMs),
      } satisfies ReloadNote);
    for (const key of [...this.#sent.keys()])
      if (key.startsWith('reload/') && !this.reloads.has(key.slice('reload/'.length)))
        this.#sendChanged(key, undefined);
    for (const [key, chapter] of this.book.unsaved()) this.#notes[key] = chapter;
    const notes = this.#notes;
    this.#notes = {};
    // A brain that was replaced, or whose keeper has gone, hears of it by the end of its events.
    if (Object.keys(notes).length > 0) this.seams.keeper.note(notes).catch(() => {});
    // Calls reach the keeper in their order: what it is told to do is written down before.
    const effects = this.#effects;
    this.#effects = [];
    for (const run of effects) run();
    this.#tellObservers();
  }

  #tellObservers(): void {
    for (const observer of [...this.#observers]) observer();
  }

  #sendChanged(key: string, value: object | undefined): void {
    const text = value && JSON.stringify(value);
    if (this.#sent.get(key) === text) return;
    if (text === undefined) this.#sent.delete(key);
    else this.#sent.set(key, text);
    this.#notes[key] = text && JSON.parse(text);
  }
}
