/**
 * Going on where the brain before has stopped: from what it noted with the keeper, and from the keeper's table of what
 * really runs. Processes go on untouched; what ended meanwhile is handled as if it ended now; what was half done is gone on
 * with.
 */
import { isDeepStrictEqual } from 'node:util';
import type { KeeperTable, ProcessEntry } from '../keeper/keeper.ts';
import { freshState, onStarted, type TreeState } from '../rules/strategy.ts';
import type { CheckedStack } from '../stack/checked-stack.ts';
import { type Crew, type Life, livesOf, newCrew, newLife, newSlot, type Slot } from './crew.ts';
import type { Engine } from './engine.ts';
import { end } from './leaving.ts';
import {
  type CrewNote,
  type LifeNote,
  type ReloadNote,
  type Restarts,
  type SlotNote,
  type StackNote,
  unpackSpec,
} from './memory.ts';
import { tellReload } from './reloading.ts';
import { replant, resize } from './sizes.ts';
import { startSpec } from './starting.ts';
import { hear, watchReady } from './watching.ts';

/** Whether there was a brain before this one. */
export function wasTakenBefore({ notes }: KeeperTable): boolean {
  return notes['stack'] !== undefined;
}

/** The stack that is in force: what was noted, with the functions of the config as it is now. */
export function stackInForce({ notes }: KeeperTable, now: CheckedStack | undefined): CheckedStack {
  const noted = notes['stack'] as StackNote;
  const { name, groups, listeners } = noted;
  const services = noted.services.flatMap((service) => {
    const note = notes[`crew/${service}`] as CrewNote | undefined;
    if (note === undefined || note.removed) return [];
    return [[service, unpackSpec(note.spec, now?.services[service])] as const];
  });
  const routes = Object.entries(noted.routes).map(([listener, route]) => [
    listener,
    { ...route, pick: now?.routes[listener]?.pick },
  ]);
  return {
    name,
    groups,
    listeners,
    services: Object.fromEntries(services),
    routes: Object.fromEntries(routes),
    file: now?.file,
    directory: now?.directory ?? '.',
    remarks: [],
  };
}

export function restartsOf({ notes }: KeeperTable): Restarts {
  return {
    tree: { groups: new Map(), children: new Map() },
    state: (notes['tree'] as TreeState) ?? freshState,
  };
}

/** For the first brain: every service of the stack, to be started. */
export function begin(engine: Engine, table: KeeperTable, event: number): void {
  for (const spec of Object.values(engine.stack.services)) {
    const crew = newCrew(spec, 1);
    engine.crews.set(crew.name, crew);
    engine.touchCrew(crew);
    for (let instance = 1; instance <= crew.wanted; instance++) {
      const slot = newSlot(crew, instance, engine.seams.wallClock());
      slot.event = event;
      crew.slots.push(slot);
      engine.touch(slot);
    }
  }
  replant(engine);
  adopt(engine, table, event);
}

/**
 * What a keeper before this one has left running, that was killed, and what was to outlive it: a process that is started as
 * its service is now goes on. Everything else of that time ends.
 */
function adopt(engine: Engine, { processes }: KeeperTable, event: number): void {
  for (const entry of processes) {
    const [, service = '', instance, serial] = /^(.+)\.(\d+)#(\d+)$/.exec(entry.spec.id) ?? [];
    const slot = engine.crews.get(service)?.slots.find((each) => each.instance === Number(instance));
    if (
      slot === undefined ||
      slot.main !== undefined ||
      entry.ended !== undefined ||
      !isSame(engine, slot, entry)
    ) {
      engine.effect(() => away(engine, entry.spec.id, entry.ended === undefined));
      if (slot !== undefined) slot.serial = Math.max(slot.serial, Number(serial));
      continue;
    }
    slot.serial = Number(serial) - 1;
    const life = newLife(slot, entry.startedAt, slot);
    life.entry = entry;
    life.readyAt = engine.now();
    slot.main = life;
    engine.lives.set(life.id, life);
    engine.restarts.state = onStarted(engine.restarts.state, slot.key);
    engine.move(life, 'ready', `${slot.key} has outlived its keeper, and goes on`, event);
    hear(engine, life);
    watchReady(engine, life);
  }
}

/** It was started by the same command, in the same place. */
function isSame({ seams }: Engine, slot: Slot, { spec }: ProcessEntry): boolean {
  // What its connections came over has gone with its keeper.
  if ((spec.routed ?? []).length > 0) return false;
  const { command, args, cwd, onParentDeath } = startSpec(
    { id: spec.id, slot, spec: slot.spec },
    { env: {}, lines: [] },
    seams.listeners,
  );
  return isDeepStrictEqual(
    { command, args, cwd, onParentDeath },
    { command: spec.command, args: spec.args, cwd: spec.cwd, onParentDeath: spec.onParentDeath },
  );
}

/** For every other one. */
export function resume(engine: Engine, table: KeeperTable, event: number): void {
  const { notes } = table;
  const entries = new Map(table.processes.map((entry) => [entry.spec.id, entry]));
  const wallMs = engine.seams.wallClock() - engine.now();
  engine.isGoingDown = (notes['stack'] as StackNote).isGoingDown;
  for (const name of (notes['stack'] as StackNote).services) {
    const note = notes[`crew/${name}`] as CrewNote | undefined;
    if (note !== undefined) engine.crews.set(name, crewOf(engine, name, note));
  }
  for (const [key, note] of Object.entries(notes))
    if (key.startsWith('slot/')) addSlot(engine, note as SlotNote, entries, wallMs);
  replant(engine);
  for (const crew of engine.crews.values()) {
    crew.slots.sort((a, b) => a.instance - b.instance);
    const reload = notes[`reload/${crew.name}`] as ReloadNote | undefined;
    if (reload !== undefined) resumeReload(engine, crew, reload, wallMs);
  }
  for (const life of engine.lives.values()) resumeLife(engine, life, event);
  for (const slot of engine.slots())
    for (const id of slot.after) if (!engine.lives.has(id)) slot.after.delete(id);
  // What nobody has noted was started by a brain that died in this very moment.
  for (const [id, { ended }] of entries)
    if (!engine.lives.has(id)) engine.effect(() => away(engine, id, ended === undefined));
  if (!engine.isGoingDown)
    for (const crew of engine.crews.values())
      if (!engine.reloads.has(crew.name) && !crew.removed) resize(engine, crew, event);
}

function crewOf(engine: Engine, name: string, note: CrewNote): Crew {
  const { generation, generations, wanted, removed, before } = note;
  const now = engine.stack.services[name];
  const crew = newCrew(unpackSpec(note.spec, now), generation);
  Object.assign(crew, { generations, wanted, removed });
  crew.before = before && { ...before, spec: unpackSpec(before.spec, now) };
  return crew;
}

function addSlot(
  engine: Engine,
  note: SlotNote,
  entries: ReadonlyMap<string, ProcessEntry>,
  wallMs: number,
): void {
  const crew = engine.crews.get(note.service);
  if (crew === undefined) return;
  const { service: _service, instance, notBefore, after, main, next, leaving, ...kept } = note;
  const slot = Object.assign(newSlot(crew, instance, note.since), kept);
  crew.slots.push(slot);
  slot.spec = specOf(crew, slot.generation);
  slot.after = new Set(after);
  slot.notBefore = notBefore === undefined ? undefined : notBefore - wallMs;
  const restored = (life: LifeNote | undefined): Life | undefined =>
    life && restore(engine, slot, life, entries.get(life.id), wallMs);
  slot.main = restored(main);
  slot.next = restored(next);
  slot.leaving = leaving.flatMap((life) => restored(life) ?? []);
  if (main === undefined || slot.main !== undefined) return;
  // The start was noted, and never reached the keeper.
  const event = engine.tell(slot, 'brain', `${main.id} was not started before the brain ended`, slot.event);
  engine.rest(slot, slot.goal === 'up' ? 'waiting' : 'stopped', `${slot.key} is started again`, event);
  if (slot.crew.spec.schedule !== undefined) slot.isDue = slot.goal === 'up';
}

function specOf(crew: Crew, generation: number): Crew['spec'] {
  return crew.before !== undefined && crew.before.generation === generation ? crew.before.spec : crew.spec;
}

function restore(
  engine: Engine,
  slot: Slot,
  note: LifeNote,
  entry: ProcessEntry | undefined,
  wallMs: number,
): Life | undefined {
  if (entry === undefined) return undefined;
  const { generation, leave, readyAt, ...kept } = note;
  slot.serial--;
  const life = newLife(slot, note.since, { spec: specOf(slot.crew, generation), generation });
  Object.assign(life, kept);
  slot.serial = Math.max(slot.serial, Number(note.id.split('#')[1]));
  life.entry = entry;
  life.readyAt = readyAt === undefined ? undefined : readyAt - wallMs;
  life.leave = leave && { ...leave, after: new Set(leave.after) };
  engine.lives.set(life.id, life);
  return life;
}

function resumeLife(engine: Engine, life: Life, event: number): void {
  const { entry, id, slot, spec, leave, state } = life;
  if (entry === undefined) return;
  if (leave !== undefined)
    for (const other of leave.after) if (!engine.lives.has(other)) leave.after.delete(other);
  const { graceMs, signal } = spec.stop;
  if (life.exited) return end(engine, life, { signal, graceMs });
  if (entry.ended !== undefined) {
    const { exit, at } = entry.ended;
    engine.post({ kind: 'ended', id, exit, at });
    // It was the brain before that was to hear that nothing is left of it.
    if (leave?.told === true) end(engine, life, { signal, graceMs });
    return;
  }
  hear(engine, life);
  if (leave?.told === true) return end(engine, life, { signal, graceMs });
  if (leave !== undefined) {
    life.watching.abort();
    if (state === 'draining') engine.later(spec.stop.drainMs, { kind: 'drained', id }, life.hearing.signal);
  } else if (state === 'starting') {
    const passedMs = engine.seams.wallClock() - life.startedAt;
    const { checks, directory } = engine.seams;
    engine.effect(async () => {
      try {
        engine.post({
          kind: 'resumed',
          id,
          plan: await checks.planReady(spec.ready, { id, directory, user: spec.user, env: entry.spec.env }),
          passedMs,
        });
      } catch {
        engine.post({ kind: 'not-ready', id, text: 'it cannot be seen whether it is' });
      }
    });
  } else watchReady(engine, life);
  engine.tell(slot, 'brain', `${slot.key} runs on with another brain`, event);
}

function resumeReload(engine: Engine, crew: Crew, { state, event, wallMs }: ReloadNote, nowMs: number): void {
  const slots = state.slots.map((slot) =>
    slot.readyAtMs === undefined ? slot : { ...slot, readyAtMs: slot.readyAtMs + wallMs - nowMs },
  );
  engine.reloads.set(crew.name, { state: { ...state, slots }, event, lookAt: engine.now() });
  // What the plan waits for, and is not there (any more), is told to have gone.
  for (const { instance, step } of slots) {
    const slot = crew.slots.find((each) => each.instance === instance);
    const lives = slot === undefined ? [] : livesOf(slot);
    const has = (isNew: boolean): boolean =>
      lives.some(({ generation }) => (generation === crew.generation) === isNew);
    const tell = (generation: 'old' | 'new'): void =>
      tellReload(engine, crew, { kind: 'gone', instance, generation, text: 'was lost with a brain' });
    if ((step === 'draining' || step === 'removing' || step === 'restoring') && !has(false)) tell('old');
    if (['starting', 'settling', 'dropping', 'discarding'].includes(step) && !has(true)) tell('new');
  }
}

async function away(engine: Engine, id: string, isRunning: boolean): Promise<void> {
  const { keeper } = engine.seams;
  try {
    if (isRunning) await keeper.end(id);
    await keeper.forget(id);
  } catch {
    // Another brain has taken over, and sees it.
  }
}
