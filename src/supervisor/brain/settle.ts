/** What can be done now, seen by looking at all that is wanted and all that there is: starts, ends, and slots that are no more. */
import { type ScheduleStep, scheduleStep } from '../rules/schedule.ts';
import { unmetNeeds } from '../rules/start-order.ts';
import { onStart } from '../rules/strategy.ts';
import type { CheckedSchedule } from '../stack/checked-stack.ts';
import { type Crew, livesOf, type Slot } from './crew.ts';
import type { Engine } from './engine.ts';
import { goOn } from './leaving.ts';
import { has } from './needs.ts';
import { isHeld, reloadOn } from './reloading.ts';
import { lookAtTurn } from './restarting.ts';
import { routeOn } from './routing.ts';
import { start } from './starting.ts';
import { textOf } from './text-of.ts';

export function settle(engine: Engine): void {
  reloadOn(engine);
  for (const slot of engine.slots()) lookAtTurn(engine, slot);
  // Out of the routes before it is told to end.
  routeOn(engine);
  for (const slot of engine.slots()) for (const life of livesOf(slot)) goOn(engine, life);
  for (const slot of engine.slots()) {
    if (slot.crew.spec.schedule !== undefined) lookAtTime(engine, slot);
    if (mayStart(engine, slot)) start(engine, slot);
  }
  for (const crew of engine.crews.values()) tidy(engine, crew);
}

function mayStart(engine: Engine, slot: Slot): boolean {
  const { crew, rest, main } = slot;
  if (engine.isGoingDown || slot.goal === 'down' || main !== undefined || isHeld(engine, slot)) return false;
  if ((rest !== 'waiting' && rest !== 'backoff') || slot.after.size > 0) return false;
  if (crew.spec.schedule !== undefined && !slot.isDue && rest === 'waiting') return false;
  if (slot.notBefore !== undefined && slot.notBefore > engine.now()) {
    engine.wakeAt(slot.notBefore);
    return false;
  }
  if (isBehind(engine, slot)) return false;
  const unmet = unmetNeeds({ [crew.name]: crew.spec.needs }, crew.name, (service, need) =>
    has(engine, service, need),
  );
  const waitsFor = unmet.map(({ service, need }) => `${service} (${need})`).join(', ');
  if (waitsFor !== '' && waitsFor !== slot.waitsFor)
    engine.rest(slot, 'waiting', `${slot.key} waits for ${waitsFor}`, slot.event);
  // What it has waited for is why it starts now.
  if (waitsFor === '' && slot.waitsFor !== '') slot.event = lastOf(engine, crew) ?? slot.event;
  slot.waitsFor = waitsFor;
  return waitsFor === '';
}

/** Whether the one before it in its group is still on its way. */
function isBehind(engine: Engine, slot: Slot): boolean {
  if (slot.behind === undefined) return false;
  for (const { key, main, rest } of engine.slots())
    if (key === slot.behind)
      return main === undefined ? rest === 'waiting' || rest === 'backoff' : main.state === 'starting';
  return false;
}

/** The newest event of what a service needs. */
function lastOf(engine: Engine, { spec }: Crew): number | undefined {
  const events = Object.keys(spec.needs).flatMap((service) =>
    (engine.crews.get(service)?.slots ?? []).map(({ event }) => event ?? 0),
  );
  return events.length === 0 ? undefined : Math.max(...events);
}

function lookAtTime(engine: Engine, slot: Slot): void {
  const { schedule } = slot.crew.spec;
  if (schedule === undefined || slot.goal === 'down' || engine.isGoingDown) return;
  if (slot.lookAt !== undefined && slot.lookAt > engine.now()) return engine.wakeAt(slot.lookAt);
  const isRunning = slot.main !== undefined || slot.leaving.length > 0;
  const step = stepOf(engine, slot, schedule, isRunning);
  slot.schedule = step.state;
  slot.lookAt = step.againMs === undefined ? Number.POSITIVE_INFINITY : engine.now() + step.againMs;
  engine.touch(slot);
  if (step.againMs !== undefined) engine.wakeAt(slot.lookAt);
  if (step.now === 'wait') return;
  const event = engine.tell(
    slot,
    'schedule',
    step.now === 'start'
      ? `it is time for ${slot.key}`
      : `it is time for ${slot.key}, which still runs: left out`,
    undefined,
  );
  if (step.now === 'skip') return;
  engine.restarts.state = onStart(engine.restarts.tree, engine.restarts.state, [slot.key]);
  slot.isDue = true;
  slot.rest = 'waiting';
  slot.event = event;
}

/** A schedule may be anybody's function: one that throws has no next time. */
function stepOf(engine: Engine, slot: Slot, schedule: CheckedSchedule, isRunning: boolean): ScheduleStep {
  const now = engine.seams.wallClock();
  try {
    return scheduleStep(schedule, slot.schedule, { now, isRunning });
  } catch (error) {
    engine.tell(
      slot,
      'schedule',
      `the schedule of ${slot.key} does not tell its next time: ${textOf(error)}`,
      slot.event,
    );
    return { state: { dueAt: null, seenAt: now }, now: 'wait', againMs: undefined };
  }
}

/** Slots that are no longer wanted, once nothing is left of them. */
function tidy(engine: Engine, crew: Crew): void {
  const isOver = (slot: Slot): boolean =>
    livesOf(slot).length === 0 && (crew.removed || slot.instance > crew.wanted) && slot.goal === 'down';
  for (const slot of crew.slots.filter(isOver)) {
    engine.forget(slot);
    engine.effect(() => engine.seams.keeper.closeLog(slot.key).catch(() => {}));
  }
  crew.slots = crew.slots.filter((slot) => !isOver(slot));
  if (!crew.removed || crew.slots.length > 0) return;
  engine.crews.delete(crew.name);
  engine.forget(crew);
}
