/**
 * What the brain knows of a stack: services, their instances, and the processes that run in their places.
 *
 * An instance is a slot that outlives its processes (`web.1`). Most of the time it has one process; while it is replaced,
 * an old one and a new one; and those that are on their way out.
 *
 * ```
 *   slot without a process:  waiting, backoff (both with a time), stopped, ended, failed
 *   process:  starting -> ready <-> unhealthy -> draining -> stopping -> (gone)
 *                |___________|__________|___________________/ exit at any time
 * ```
 */
import type { Exit } from '../../process/outcome.ts';
import type { InstanceState } from '../control/control.ts';
import type { ProcessEntry } from '../keeper/keeper.ts';
import type { ScheduleState } from '../rules/schedule.ts';
import type { CheckedService } from '../stack/checked-stack.ts';

export type Resting = 'waiting' | 'backoff' | 'stopped' | 'ended' | 'failed';

export type LifeState = 'starting' | 'ready' | 'unhealthy' | 'draining' | 'stopping';

/** A service of the stack, as it is to run from now on. */
export interface Crew {
  readonly name: string;
  spec: CheckedService;
  /** Grows with each change of what it runs, and with each reload. */
  generation: number;
  /** How many there have been: one that was given up is not used again. */
  generations: number;
  /** How many instances there are to be. */
  wanted: number;
  /** By number; one that is no longer wanted stays until its process has gone. */
  slots: Slot[];
  /** During a reload: what it goes back to where that fails. */
  before: { spec: CheckedService; generation: number; wanted: number } | undefined;
  /** It is no longer in the config: it leaves when its last process has gone. */
  removed: boolean;
}

export interface Slot {
  readonly crew: Crew;
  readonly instance: number;
  /** `web.1`: the name of its log, too. */
  readonly key: string;
  /** What runs in it, or is to: during a reload not yet that of the crew. */
  spec: CheckedService;
  generation: number;
  /** What is asked of it. */
  goal: 'up' | 'down';
  /** Why nothing runs in it, while nothing does. */
  rest: Resting;
  /** When `rest` began: wall clock. */
  since: number;
  /** Not started before: on the clock of the engine. */
  notBefore: number | undefined;
  /** Processes that must have gone before it is started, by id. */
  after: Set<string>;
  /** The slot that must be ready before, in the order of a group that is started again. */
  behind: string | undefined;
  /** It is restarted when the slot before it has another process than `gone`: see `restarting.ts`. */
  turn: { behind: string; gone: string | undefined; id: string; event: number } | undefined;
  /** What it is known to wait for: `db (ready)`. */
  waitsFor: string;
  /** Of a scheduled one: its time has come. */
  isDue: boolean;
  schedule: ScheduleState;
  /** When the schedule is looked at again, on the clock of the engine. */
  lookAt: number | undefined;
  /** The process that serves, or is to. */
  main: Life | undefined;
  /** The one that is to take its place, once it has proved itself. */
  next: Life | undefined;
  /** Those on their way out, or whose descendants are. */
  leaving: Life[];
  /** How many processes it has had: numbers the next one. */
  serial: number;
  restarts: number;
  /** Failures in a row: they make the wait before the next start longer. */
  failures: number;
  lastExit: (Exit & { at: number }) | undefined;
  /** How the last few ended, in words. */
  lastExits: string[];
  /** The event that says why it is as it is. */
  event: number | undefined;
}

export interface Life {
  /** `web.1#4`. */
  readonly id: string;
  readonly slot: Slot;
  /** With what it was started; of a later config the settings alone. */
  spec: CheckedService;
  readonly generation: number;
  state: LifeState;
  since: number;
  /** When it was told to start: wall clock. */
  startedAt: number;
  /** On the clock of the engine. */
  readyAt: number | undefined;
  /** Absent until the keeper has started it. */
  entry: ProcessEntry | undefined;
  leave: Leave | undefined;
  exited: boolean;
  /** Fires when it is to go: from then on nobody asks how it is. */
  watching: AbortController;
  /** Fires when it has ended: until then it is heard. */
  readonly hearing: AbortController;
  isHealthy: boolean;
  /** When its memory was last looked at, on the clock of the engine. */
  sampledAt: number | undefined;
  /** Samples above the limit, in a row. */
  memoryOver: number;
  usage: { cpu?: number | undefined; memoryBytes?: number | undefined; callsPerSecond?: number | undefined };
  /** When it last said something, on the clock of the engine. */
  saidAt: number | undefined;
  event: number | undefined;
}

/** That a process is to go, and what becomes of its slot then. */
export interface Leave {
  /**
   * `stop`: it was asked for; `restart`: another one comes, or its group has given up; `replaced`: another one serves
   * already; `failed`: as if it had ended by itself, abnormally.
   */
  how: 'stop' | 'restart' | 'replaced' | 'failed';
  event: number;
  /** Processes that must have gone before it is told. */
  after: Set<string>;
  /** Not told before then, but for `drained`, and killed then: on the clock of the engine. Not noted: the next brain tells it at once. */
  heldUntil?: number | undefined;
  /** The keeper has been told. */
  told: boolean;
  /** It has had its time to finish, or was looked at. */
  drained: boolean;
}

export function newCrew(spec: CheckedService, generation: number): Crew {
  return {
    name: spec.name,
    spec,
    generation,
    generations: generation,
    wanted: spec.instances,
    slots: [],
    before: undefined,
    removed: false,
  };
}

export function newSlot(crew: Crew, instance: number, at: number): Slot {
  return {
    crew,
    instance,
    key: `${crew.name}.${instance}`,
    spec: crew.spec,
    generation: crew.generation,
    goal: 'up',
    rest: 'waiting',
    since: at,
    notBefore: undefined,
    after: new Set(),
    behind: undefined,
    turn: undefined,
    waitsFor: '',
    isDue: false,
    schedule: {},
    lookAt: undefined,
    main: undefined,
    next: undefined,
    leaving: [],
    serial: 0,
    restarts: 0,
    failures: 0,
    lastExit: undefined,
    lastExits: [],
    event: undefined,
  };
}

export function newLife(
  slot: Slot,
  at: number,
  { spec, generation }: Pick<Slot, 'spec' | 'generation'>,
): Life {
  return {
    id: `${slot.key}#${++slot.serial}`,
    slot,
    spec,
    generation,
    state: 'starting',
    since: at,
    startedAt: at,
    readyAt: undefined,
    entry: undefined,
    leave: undefined,
    exited: false,
    watching: new AbortController(),
    hearing: new AbortController(),
    isHealthy: false,
    sampledAt: undefined,
    memoryOver: 0,
    usage: {},
    saidAt: undefined,
    event: undefined,
  };
}

export function livesOf(slot: Slot): Life[] {
  return [slot.main, slot.next, ...slot.leaving].filter((life) => life !== undefined);
}

export function stateOf(slot: Slot): InstanceState {
  return slot.main?.state ?? slot.leaving.find(({ exited }) => !exited)?.state ?? slot.rest;
}
