/** What follows at once from what somebody has asked for. */
import { isDeepStrictEqual } from 'node:util';
import { withNeeds } from '../rules/start-order.ts';
import { onStart, onStop } from '../rules/strategy.ts';
import type { CheckedService } from '../stack/checked-stack.ts';
import { type Crew, newCrew, type Slot } from './crew.ts';
import type { Engine } from './engine.ts';
import type { Ask, Happening } from './happening.ts';
import { leave } from './leaving.ts';
import { beginReloading, dismiss, giveUpReload, runCurrent, tellReload } from './reloading.ts';
import { restartInTurn } from './restarting.ts';
import { replant, resize } from './sizes.ts';
import { retune } from './watching.ts';

export function takeAsk(engine: Engine, { ask, text, decided }: Extract<Happening, { kind: 'asked' }>): void {
  const service =
    'service' in ask
      ? ask.service
      : 'services' in ask && ask.services.length === 1
        ? ask.services[0]
        : undefined;
  const event = engine.write({ kind: 'asked', service, text });
  switch (ask.verb) {
    case 'start':
      start(engine, withNeeded(engine, ask.services), event, ask.services);
      break;
    case 'stop':
      stop(engine, crewsOf(engine, ask.services), event);
      break;
    case 'restart':
      for (const crew of crewsOf(engine, ask.services)) restart(engine, crew, event);
      break;
    case 'reload':
      for (const crew of crewsOf(engine, ask.services)) reload(engine, crew, event, ask.canary);
      break;
    case 'rollback':
      for (const crew of crewsOf(engine, ask.services))
        tellReload(engine, crew, { kind: 'roll-back', why: 'it was asked for' });
      break;
    case 'scale':
      for (const crew of crewsOf(engine, [ask.service])) scale(engine, crew, ask.instances, event);
      break;
    case 'apply':
      apply(engine, ask, event);
      break;
    case 'down':
      engine.isGoingDown = true;
      stop(engine, [...engine.crews.values()], event);
  }
  decided(event);
}

/** Of none: all. */
export function crewsOf(engine: Engine, services: readonly string[]): Crew[] {
  const names = services.length === 0 ? [...engine.crews.keys()] : services;
  return names.flatMap((name) => engine.crews.get(name) ?? []);
}

/** These, and of what they need that which was stopped or has failed. */
function withNeeded(engine: Engine, services: readonly string[]): Crew[] {
  const asked = crewsOf(engine, services);
  const needs = Object.fromEntries([...engine.crews].map(([name, { spec }]) => [name, spec.needs]));
  const names = withNeeds(
    needs,
    asked.map(({ name }) => name),
  );
  return crewsOf(engine, names).filter(
    (crew) =>
      asked.includes(crew) || crew.slots.some(({ rest, main }) => main === undefined && rest !== 'ended'),
  );
}

/** One with a schedule starts now only where it is named. */
function start(engine: Engine, crews: readonly Crew[], event: number, named: readonly string[]): void {
  for (const slot of wantedOf(crews)) {
    slot.goal = 'up';
    if (slot.main?.leave !== undefined && slot.main.leave.how === 'stop') slot.main.leave.how = 'restart';
    if (slot.main === undefined || slot.main.leave !== undefined)
      renew(engine, slot, event, slot.crew.spec.schedule === undefined || named.includes(slot.crew.name));
    engine.touch(slot);
  }
}

/** As if it had never run. */
function renew(engine: Engine, slot: Slot, event: number, isDue: boolean = true): void {
  slot.failures = 0;
  slot.notBefore = undefined;
  slot.isDue = isDue;
  if (!engine.reloads.has(slot.crew.name)) runCurrent(slot);
  engine.restarts.state = onStart(engine.restarts.tree, engine.restarts.state, [slot.key]);
  if (slot.main === undefined) engine.rest(slot, 'waiting', `${slot.key} is to be started`, event);
}

function stop(engine: Engine, crews: readonly Crew[], event: number): void {
  for (const crew of crews) {
    giveUpReload(engine, crew, event);
    const keys = crew.slots.map(({ key }) => key);
    engine.restarts.state = onStop(engine.restarts.state, keys);
    for (const slot of crew.slots) {
      slot.goal = 'down';
      if (slot.next !== undefined) dismiss(engine, slot, event);
      if (slot.main !== undefined) leave(engine, slot.main, 'stop', event);
      else if (slot.rest !== 'stopped') engine.rest(slot, 'stopped', `${slot.key} is stopped`, event);
      engine.touch(slot);
    }
  }
}

function restart(engine: Engine, crew: Crew, event: number): void {
  giveUpReload(engine, crew, event);
  const slots = wantedOf([crew]);
  for (const slot of slots) {
    slot.goal = 'up';
    if (slot.next !== undefined) dismiss(engine, slot, event);
    renew(engine, slot, event);
  }
  restartInTurn(engine, slots, event);
}

function reload(engine: Engine, crew: Crew, event: number, canary: number | undefined): void {
  if (engine.reloads.has(crew.name)) return tellReload(engine, crew, { kind: 'go-on' });
  // What was stopped stays so; the next start runs what is new.
  if (crew.slots.every(({ goal }) => goal === 'down')) return;
  const { spec, generation, wanted } = crew;
  beginReloading(engine, crew, { spec, generation, wanted }, event, canary);
}

function scale(engine: Engine, crew: Crew, instances: number, event: number): void {
  crew.wanted = instances;
  engine.touchCrew(crew);
  if (engine.reloads.has(crew.name)) {
    tellReload(engine, crew, { kind: 'scale', instances });
    replant(engine);
  } else resize(engine, crew, event, true);
}

function apply(engine: Engine, { stack, steps }: Extract<Ask, { verb: 'apply' }>, event: number): void {
  engine.stack = stack;
  for (const route of engine.routes.values()) route.isKept = false;
  const counts = new Map(steps.scale.map(({ service, to }) => [service, to]));
  for (const spec of Object.values(stack.services)) {
    const crew = engine.crews.get(spec.name);
    if (crew === undefined || crew.removed) {
      add(engine, crew ?? newCrew(spec, 1), spec, event);
      continue;
    }
    const before = { spec: crew.spec, generation: crew.generation, wanted: crew.wanted };
    giveUpReload(engine, crew, event);
    crew.spec = spec;
    crew.wanted = counts.get(spec.name) ?? crew.wanted;
    if (steps.reload.includes(spec.name)) beginReloading(engine, crew, before, event);
    else {
      if (steps.restart.includes(spec.name)) crew.generation = ++crew.generations;
      // Settings are taken over by what runs; processes of other making come with their restart.
      for (const slot of crew.slots) {
        const isSame = isDeepStrictEqual(slot.spec, spec);
        slot.spec = spec;
        if (slot.main !== undefined && !isSame && !steps.restart.includes(spec.name))
          retune(engine, slot.main, spec);
      }
      if (steps.restart.includes(spec.name)) restart(engine, crew, event);
      resize(engine, crew, event);
    }
    engine.touchCrew(crew);
  }
  for (const name of steps.remove) remove(engine, name, event);
  replant(engine);
  engine.write({ kind: 'config', text: `the config of ${stack.name} is in force`, cause: event });
}

/** A new one, or one that was taken out and has not gone yet. */
function add(engine: Engine, crew: Crew, spec: CheckedService, event: number): void {
  Object.assign(crew, { spec, removed: false, wanted: spec.instances });
  for (const slot of crew.slots) slot.spec = spec;
  engine.crews.set(spec.name, crew);
  engine.touchCrew(crew);
  resize(engine, crew, event, true);
}

function remove(engine: Engine, name: string, event: number): void {
  const crew = engine.crews.get(name);
  if (crew === undefined) return;
  crew.removed = true;
  engine.touchCrew(crew);
  stop(engine, [crew], event);
}

function wantedOf(crews: readonly Crew[]): Slot[] {
  return crews.flatMap(({ slots, wanted }) => slots.filter(({ instance }) => instance <= wanted));
}
