/** What a stack looks like now, for whoever asks. */
import type { InstanceState, InstanceStatus, ServiceStatus } from '../control/control.ts';
import { type Crew, type Life, livesOf, type Slot, stateOf } from './crew.ts';
import type { Engine } from './engine.ts';

export function servicesOf(engine: Engine): ServiceStatus[] {
  return [...engine.crews.values()].map((crew) => ({
    service: crew.name,
    state: worstOf(crew.slots.map(stateOf)),
    instances: crew.wanted,
    ready: crew.slots.filter(({ main }) => main?.state === 'ready').length,
    group: groupOf(engine, crew),
    reloading: engine.reloads.has(crew.name),
  }));
}

/** One for each instance, and for each further process of it: one that is to take its place, or on its way out. */
export function instancesOf(engine: Engine): InstanceStatus[] {
  return [...engine.slots()].flatMap((slot) => {
    const lives = livesOf(slot).filter(({ exited }) => !exited);
    return lives.length === 0
      ? [resting(engine, slot)]
      : [
          ...(slot.main === undefined && slot.next !== undefined ? [resting(engine, slot)] : []),
          ...lives.map((life) => running(slot, life)),
        ];
  });
}

function resting(engine: Engine, slot: Slot): InstanceStatus {
  const { rest, since, notBefore, schedule, crew } = slot;
  const left = notBefore === undefined ? undefined : notBefore - engine.now();
  const dueAt = crew.spec.schedule === undefined ? undefined : (schedule.dueAt ?? undefined);
  const nextStartAt = rest === 'backoff' && left !== undefined ? engine.seams.wallClock() + left : dueAt;
  const isPlanned = rest === 'backoff' || rest === 'waiting';
  return { ...common(slot), state: rest, since, nextStartAt: isPlanned ? nextStartAt : undefined };
}

function running(slot: Slot, life: Life): InstanceStatus {
  const { state, since, startedAt, generation, usage, entry } = life;
  const pid = entry?.identity.pid;
  return { ...common(slot), state, since, pid, startedAt, ...usage, generation };
}

function common({
  crew,
  instance,
  restarts,
  lastExit,
  generation,
}: Slot): Pick<InstanceStatus, 'service' | 'instance' | 'restarts' | 'lastExit' | 'generation'> {
  return { service: crew.name, instance, restarts, lastExit, generation };
}

function groupOf({ stack }: Engine, { name }: Crew): string | undefined {
  return Object.values(stack.groups).find(({ members }) => members.includes(name))?.name;
}

/** The worst first: what a service with several instances is said to be. */
const worst: readonly InstanceState[] = [
  'failed',
  'backoff',
  'unhealthy',
  'starting',
  'waiting',
  'stopping',
  'draining',
  'ready',
  'ended',
  'stopped',
];

export function worstOf(states: readonly InstanceState[]): InstanceState {
  return worst.find((state) => states.includes(state)) ?? 'stopped';
}
