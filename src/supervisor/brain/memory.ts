/**
 * What a brain must not forget: noted with the keeper, one note for each slot, for each service and for the whole, so that
 * another brain can go on. Times of the engine's clock are noted as wall clock; one that was set meanwhile shifts them.
 */
import type { ReloadState } from '../rules/reload-plan.ts';
import type { TreeState } from '../rules/strategy.ts';
import type { Tree } from '../rules/tree.ts';
import type { CheckedService, CheckedStack } from '../stack/checked-stack.ts';
import type { Crew, Leave, Life, Slot } from './crew.ts';

export interface Restarts {
  tree: Tree;
  /** JSON: the next brain goes on with it. */
  state: TreeState;
}

export interface Reloading {
  state: ReloadState;
  /** The event that it follows from. */
  event: number;
  /** When the plan is looked at again, on the clock of the engine. */
  lookAt: number | undefined;
}

export type LifeNote = Pick<
  Life,
  'id' | 'generation' | 'state' | 'since' | 'startedAt' | 'event' | 'isHealthy' | 'exited'
> & {
  readyAt?: number | undefined;
  leave?: (Omit<Leave, 'after' | 'heldUntil'> & { after: string[] }) | undefined;
};

type Kept =
  | 'goal'
  | 'rest'
  | 'since'
  | 'behind'
  | 'turn'
  | 'waitsFor'
  | 'isDue'
  | 'schedule'
  | 'serial'
  | 'restarts'
  | 'failures'
  | 'lastExit'
  | 'lastExits'
  | 'event'
  | 'generation';

export type SlotNote = Pick<Slot, Kept> & {
  service: string;
  instance: number;
  /** Wall clock. */
  notBefore?: number | undefined;
  after: string[];
  main?: LifeNote | undefined;
  next?: LifeNote | undefined;
  leaving: LifeNote[];
};

/** `wallMs`: what to add to a time of the engine's clock to get one of the wall clock. */
export function noteOfSlot(slot: Slot, wallMs: number): SlotNote {
  const { goal, rest, since, behind, turn, waitsFor, isDue, schedule, serial, restarts } = slot;
  const { failures, lastExit, lastExits, event, generation, notBefore, main, next } = slot;
  const noteOf = (life: Life): LifeNote => noteOfLife(life, wallMs);
  return {
    service: slot.crew.name,
    instance: slot.instance,
    ...{ goal, rest, since, behind, turn, waitsFor, isDue, schedule, serial, restarts },
    ...{ failures, lastExit, lastExits, event, generation },
    notBefore: notBefore === undefined ? undefined : notBefore + wallMs,
    after: [...slot.after],
    main: main && noteOf(main),
    next: next && noteOf(next),
    leaving: slot.leaving.map(noteOf),
  };
}

function noteOfLife(life: Life, wallMs: number): LifeNote {
  const { id, generation, state, since, startedAt, event, isHealthy, exited, readyAt, leave } = life;
  return {
    ...{ id, generation, state, since, startedAt, event, isHealthy, exited },
    readyAt: readyAt === undefined ? undefined : readyAt + wallMs,
    leave: leave && noteOfLeave(leave),
  };
}

function noteOfLeave({ heldUntil: _ofThisBrain, ...leave }: Leave): LifeNote['leave'] {
  return { ...leave, after: [...leave.after] };
}

/** Of the whole. `services`: their order. */
export interface StackNote extends Pick<CheckedStack, 'name' | 'groups' | 'routes' | 'listeners'> {
  services: string[];
  isGoingDown: boolean;
}

export interface ReloadNote extends Pick<Reloading, 'state' | 'event'> {
  wallMs: number;
}

export interface CrewNote {
  spec: unknown;
  generation: number;
  generations: number;
  wanted: number;
  removed: boolean;
  /** What a reload would go back to. */
  before?: { spec: unknown; generation: number; wanted: number } | undefined;
}

export function noteOfCrew({ spec, generation, generations, wanted, removed, before }: Crew): CrewNote {
  return {
    ...{ spec: packSpec(spec), generation, generations, wanted, removed },
    before: before && { ...before, spec: packSpec(before.spec) },
  };
}

/** JSON keeps no regular expressions. */
export function packSpec(spec: CheckedService): unknown {
  const { ready } = spec;
  if (!('pattern' in ready)) return spec;
  const { source, flags } = ready.pattern;
  return { ...spec, ready: { ...ready, pattern: { source, flags } } };
}

/** Functions are not noted: they are those of the config as it is now, where it has them in the same place. */
export function unpackSpec(noted: unknown, now: CheckedService | undefined): CheckedService {
  const spec = noted as CheckedService;
  const { ready, schedule: { text } = {} } = spec;
  const schedule = text !== undefined && now?.schedule?.text === text ? now.schedule : undefined;
  const pattern = 'pattern' in ready ? new RegExp(ready.pattern.source, ready.pattern.flags) : undefined;
  return { ...spec, ...(pattern && { ready: { ...ready, pattern } as CheckedService['ready'] }), schedule };
}
