/**
 * Other processes in the place of those that serve: a whole service by the plan of the rules (`reload`, `apply`), or one
 * instance that needs too much memory. What serves is `main`; what is to serve is `next` until it has proved itself.
 */
import {
  beginReload,
  type Generation,
  type ReloadAction,
  type ReloadEvent,
  reloadStep,
} from '../rules/reload-plan.ts';
import { onStarted } from '../rules/strategy.ts';
import { type Crew, type Life, livesOf, newSlot, type Slot } from './crew.ts';
import type { Engine } from './engine.ts';
import { leave } from './leaving.ts';
import type { Reloading } from './memory.ts';
import { settleRest } from './restarts.ts';
import { resize } from './sizes.ts';
import { start } from './starting.ts';

/** Replaces all instances of a service by those of its crew's spec, which may be another one than before. */
export function beginReloading(
  engine: Engine,
  crew: Crew,
  before: NonNullable<Crew['before']>,
  event: number,
  canary?: number,
): void {
  crew.generation = ++crew.generations;
  for (const slot of crew.slots) {
    slot.turn = undefined;
    if (slot.next !== undefined) dismiss(engine, slot, event);
  }
  const { surge, healthyMs } = crew.spec.reload;
  const present = crew.slots.filter(({ main }) => main !== undefined && main.leave === undefined);
  const { state, actions } = beginReload(
    { present: present.map(({ instance }) => instance), wanted: crew.wanted, surge, healthyMs, canary },
    engine.now(),
  );
  crew.before = before;
  engine.touchCrew(crew);
  const reload = { state, event, lookAt: undefined };
  engine.reloads.set(crew.name, reload);
  // There is nothing to replace.
  if (state.phase === 'done' && tellPhase(engine, crew, reload)) over(engine, crew, reload);
  else carryOut(engine, crew, actions);
}

export function tellReload(engine: Engine, crew: Crew, event: ReloadEvent): void {
  const reload = engine.reloads.get(crew.name);
  if (reload === undefined) return;
  const { phase } = reload.state;
  const { state, actions } = reloadStep(reload.state, event, engine.now());
  reload.state = state;
  if (state.phase === phase || !tellPhase(engine, crew, reload)) carryOut(engine, crew, actions);
  else over(engine, crew, reload);
}

/** Forgets about it: something else was asked for. What is new and does not serve yet goes. */
export function giveUpReload(engine: Engine, crew: Crew, event: number): void {
  if (!engine.reloads.delete(crew.name)) return;
  crew.before = undefined;
  engine.touchCrew(crew);
  for (const slot of crew.slots) {
    if (slot.next !== undefined) dismiss(engine, slot, event);
    if (slot.main === undefined) runCurrent(slot);
    engine.touch(slot);
  }
}

/** Whether nothing may be started in it but by the plan. */
export function isHeld(engine: Engine, { crew, instance }: Slot): boolean {
  const reload = engine.reloads.get(crew.name);
  if (reload === undefined) return false;
  return reload.state.slots.find((each) => each.instance === instance)?.old !== 'there';
}

/** Starts another process beside the one that serves, which goes when the other is ready. */
export function replace(engine: Engine, slot: Slot, event: number): void {
  if (engine.reloads.has(slot.crew.name) || slot.next !== undefined || slot.main === undefined) return;
  start(engine, slot, 'next', event);
}

export function lifeIsReady(engine: Engine, life: Life): void {
  const { slot } = life;
  if (!engine.reloads.has(slot.crew.name)) {
    if (slot.next === life) promote(engine, slot, life.event ?? 0);
    return;
  }
  // One that was brought back where nothing serves.
  if (slot.next === life && slot.main === undefined && generationOf(slot.crew, life) === 'old')
    promote(engine, slot, life.event ?? 0);
  tell(engine, life, 'ready');
}

/** One that is not the main one is not as it should be. */
export function nextIsBad(engine: Engine, life: Life, text: string, event: number): void {
  tell(engine, life, 'failed', text);
  leave(engine, life, 'replaced', event);
}

export function nextHasEnded(engine: Engine, life: Life, event: number): void {
  if (engine.reloads.has(life.slot.crew.name)) tell(engine, life, 'failed', engine.book.get(event)?.text);
}

/** Whether the plan sees to what becomes of the slot. */
export function mainHasEnded(engine: Engine, life: Life, event: number): boolean {
  const { slot } = life;
  if (!isHeld(engine, slot)) return false;
  tell(engine, life, 'failed', engine.book.get(event)?.text);
  if (slot.main === undefined) settleRest(engine, slot, event);
  return true;
}

export function lifeHasGone(engine: Engine, life: Life): void {
  tell(engine, life, 'gone');
}

/** Time has passed. */
export function reloadOn(engine: Engine): void {
  for (const [name, reload] of engine.reloads) {
    if (reload.lookAt === undefined) continue;
    if (reload.lookAt > engine.now()) {
      engine.wakeAt(reload.lookAt);
      continue;
    }
    reload.lookAt = undefined;
    const crew = engine.crews.get(name);
    if (crew !== undefined) tellReload(engine, crew, { kind: 'tick' });
  }
}

function tell(engine: Engine, life: Life, kind: 'ready' | 'failed' | 'gone', text = 'has ended'): void {
  const { crew, instance } = life.slot;
  const generation = generationOf(crew, life);
  tellReload(engine, crew, { kind, instance, generation, text });
}

function generationOf(crew: Crew, { generation }: Life): Generation {
  return generation === crew.generation ? 'new' : 'old';
}

function carryOut(engine: Engine, crew: Crew, actions: readonly ReloadAction[]): void {
  const reload = engine.reloads.get(crew.name);
  if (reload === undefined) return;
  for (const action of actions) {
    if (action.kind === 'wake') {
      reload.lookAt = engine.now() + action.inMs;
      engine.wakeAt(reload.lookAt);
      continue;
    }
    const slot = slotOf(engine, crew, action.instance);
    if (action.kind === 'start') begin(engine, crew, slot, action.generation, reload);
    else stop(engine, crew, slot, action.generation, reload);
  }
}

function slotOf(engine: Engine, crew: Crew, instance: number): Slot {
  const found = crew.slots.find((slot) => slot.instance === instance);
  if (found !== undefined) return found;
  const slot = newSlot(crew, instance, engine.seams.wallClock());
  crew.slots.push(slot);
  crew.slots.sort((a, b) => a.instance - b.instance);
  return slot;
}

function begin(engine: Engine, crew: Crew, slot: Slot, generation: Generation, reload: Reloading): void {
  const what = generation === 'new' ? crew : (crew.before ?? crew);
  const as = slot.main === undefined ? 'main' : 'next';
  slot.goal = 'up';
  if (as === 'main') Object.assign(slot, { spec: what.spec, generation: what.generation });
  start(engine, slot, as, reload.event, what);
}

function stop(engine: Engine, crew: Crew, slot: Slot, generation: Generation, reload: Reloading): void {
  const life = livesOf(slot).find((each) => generationOf(crew, each) === generation);
  if (life === undefined) {
    // The old one has fallen by itself, and waits to be started again: it need not.
    if (generation === 'old' && slot.main === undefined) promote(engine, slot, reload.event);
    return tellReload(engine, crew, { kind: 'gone', instance: slot.instance, generation });
  }
  const isNextGood = slot.next !== undefined && slot.next !== life && slot.next.leave === undefined;
  if (life === slot.main && isNextGood) promote(engine, slot, reload.event);
  else if (life === slot.next) dismiss(engine, slot, reload.event);
  else if (reload.state.slots.find(({ instance }) => instance === slot.instance)?.wanted === false) {
    slot.goal = 'down';
    leave(engine, life, 'stop', reload.event);
  } else leave(engine, life, 'replaced', reload.event);
}

/** The next one serves from now on, and the one that did goes. */
function promote(engine: Engine, slot: Slot, event: number): void {
  const { main, next } = slot;
  if (next === undefined) return;
  slot.main = next;
  slot.next = undefined;
  slot.spec = next.spec;
  slot.generation = next.generation;
  engine.restarts.state = onStarted(engine.restarts.state, slot.key);
  engine.tell(slot, 'reload', `${slot.key} is served by ${next.id} now`, event);
  engine.touch(slot);
  if (main === undefined) return;
  slot.leaving.push(main);
  leave(engine, main, 'replaced', event);
}

export function dismiss(engine: Engine, slot: Slot, event: number): void {
  const { next } = slot;
  if (next === undefined) return;
  slot.next = undefined;
  slot.leaving.push(next);
  leave(engine, next, 'replaced', event);
}

/** Writes down what phase it has come to. Whether it is over. */
function tellPhase(engine: Engine, crew: Crew, reload: Reloading): boolean {
  const { phase, why = '' } = reload.state;
  const count = reload.state.slots.filter(({ step }) => step === 'done').length;
  const text = {
    going: `${crew.name} goes on with its reload`,
    paused: `${crew.name} has ${count} of ${reload.state.slots.length} instances reloaded, and waits for reload or rollback`,
    'rolling-back': `${crew.name} goes back to what it was: ${why}`,
    done: `${crew.name} is reloaded`,
    'rolled-back': `${crew.name} is what it was before its reload: ${why}`,
  }[phase];
  reload.event = engine.write({ service: crew.name, kind: 'reload', text, cause: reload.event });
  return phase === 'done' || phase === 'rolled-back';
}

function over(engine: Engine, crew: Crew, { state, event }: Reloading): void {
  const { before } = crew;
  const text = engine.book.get(event)?.text ?? '';
  engine.reloadEnds.set(crew.name, { event, isDone: state.phase === 'done', text });
  engine.reloads.delete(crew.name);
  crew.before = undefined;
  engine.touchCrew(crew);
  if (state.phase === 'rolled-back' && before !== undefined) {
    crew.spec = before.spec;
    crew.generation = before.generation;
    crew.wanted = state.scaleTo ?? before.wanted;
    const { services } = engine.stack;
    engine.stack = { ...engine.stack, services: { ...services, [crew.name]: before.spec } };
  }
  for (const slot of crew.slots) {
    // Failures of what it ran before say nothing about what it runs now.
    if (state.phase === 'done') slot.failures = 0;
    if (slot.next !== undefined && slot.main === undefined) promote(engine, slot, event);
    else if (slot.next !== undefined) dismiss(engine, slot, event);
    if (slot.main === undefined) runCurrent(slot);
    if (slot.instance > crew.wanted) slot.goal = 'down';
    if (slot.main !== undefined && slot.goal === 'down') leave(engine, slot.main, 'stop', event);
    engine.touch(slot);
  }
  resize(engine, crew, event);
}

/** What is started in it from now on is what the service is. */
export function runCurrent(slot: Slot): void {
  slot.spec = slot.crew.spec;
  slot.generation = slot.crew.generation;
}
