/** What follows from each happening: changes of state and their events. What can be done then, `settle` sees. */
import { howEnded } from '../../process/outcome.ts';
import { inARow } from '../rules/in-a-row.ts';
import { takeAsk } from './asks.ts';
import type { Life } from './crew.ts';
import type { Engine } from './engine.ts';
import { ended, gone, notStarted } from './exits.ts';
import type { Happening, Usage } from './happening.ts';
import { leave } from './leaving.ts';
import { lifeIsReady, nextIsBad, replace } from './reloading.ts';
import { watchReady, watchStart } from './watching.ts';

export function handle(engine: Engine, happening: Happening): void {
  switch (happening.kind) {
    case 'time':
      return;
    case 'usage':
      for (const one of happening.of) usage(engine, one);
      return;
    case 'asked':
      return takeAsk(engine, happening);
    case 'changed':
      return changed(engine, happening.service, happening.paths);
    case 'unwatched':
      engine.write({ service: happening.service, kind: 'watch', text: happening.text });
      return;
    case 'logger-ended':
      engine.write({ kind: 'logger', text: 'the logger has ended, and is started again' });
      return;
    case 'router-ready': {
      const { listener, pid } = happening;
      engine.routers.set(listener, pid);
      engine.write({ kind: 'router', text: `process ${pid} gives out the connections of ${listener}` });
      return;
    }
    case 'router-ended': {
      const { listener, exit } = happening;
      engine.routers.delete(listener);
      engine.write({
        kind: 'router',
        text: `the router of ${listener} ${howEnded(exit)}, and is started again`,
      });
      return;
    }
    case 'last-words': {
      const { service, instance, event, lines } = happening;
      const text = `${service}.${instance} wrote last: ${lines.join(' | ')}`;
      engine.write({ service, instance, kind: 'output', text, cause: event });
      return;
    }
  }
  // What comes late of a process that nobody knows any more has nothing to say.
  const life = engine.lives.get(happening.id);
  if ('plan' in happening && life?.exited !== false) return happening.plan.close();
  if (life === undefined) return;
  switch (happening.kind) {
    case 'gone':
      return gone(engine, life);
    case 'ended':
      return ended(engine, life, happening.exit, happening.at);
    case 'not-started':
      return notStarted(engine, life, happening.error);
  }
  if (!life.exited) ofRunning(engine, life, happening);
}

function ofRunning(
  engine: Engine,
  life: Life,
  happening: Extract<
    Happening,
    { kind: 'started' | 'resumed' | 'ready' | 'not-ready' | 'drained' | 'health' | 'word' }
  >,
): void {
  switch (happening.kind) {
    case 'started':
      life.entry = happening.entry;
      engine.touch(life.slot);
      if (life.leave === undefined) watchStart(engine, life, happening.plan);
      else happening.plan.close();
      return;
    case 'resumed':
      if (life.state === 'starting' && life.leave === undefined)
        watchStart(engine, life, happening.plan, happening.passedMs);
      else happening.plan.close();
      return;
    case 'ready':
      // Where it is not known yet that it was started, what the keeper says then holds this, too.
      if (life.state === 'starting' && life.entry !== undefined) ready(engine, life);
      return;
    case 'not-ready':
      if (life.state !== 'starting') return;
      return fail(engine, life, 'health', `${life.slot.key} was not ready: ${happening.text}`);
    case 'drained':
      if (life.leave !== undefined) life.leave.drained = true;
      return;
    case 'health':
      return health(engine, life, happening);
    case 'word':
      return word(engine, life, happening.word);
  }
}

function ready(engine: Engine, life: Life): void {
  const { slot } = life;
  life.readyAt = engine.now();
  engine.move(life, 'ready', `${slot.key} is ready`, life.event);
  watchReady(engine, life);
  lifeIsReady(engine, life);
}

/** It is ended, and its end counts as an abnormal one. */
function fail(
  engine: Engine,
  life: Life,
  kind: string,
  text: string,
  options: { holdMs?: number } = {},
): void {
  if (life.leave !== undefined) return;
  const event = engine.tell(life.slot, kind, text, life.event);
  if (life.slot.main === life) leave(engine, life, 'failed', event, options);
  else nextIsBad(engine, life, text, event);
}

function health(
  engine: Engine,
  life: Life,
  { ok, text, failures, isOver }: Extract<Happening, { kind: 'health' }>,
): void {
  if (life.leave !== undefined) return;
  const { slot } = life;
  life.isHealthy = ok;
  if (ok && life.state === 'unhealthy')
    engine.move(life, 'ready', `${slot.key} is healthy again`, life.event);
  if (ok) return;
  const cause = engine.tell(
    slot,
    'health',
    `${slot.key} failed its health check (${failures}): ${text}`,
    life.event,
  );
  if (life.state === 'ready') engine.move(life, 'unhealthy', `${slot.key} is unhealthy: ${text}`, cause);
  if (isOver)
    fail(engine, life, 'health', `${slot.key} is replaced: ${failures} health checks failed in a row`);
}

/** A signal that is not handled ends it before its stack is seen; and it has no use for a longer grace. */
const hungMs = 1000;
const sayEveryMs = 1000;

function word(engine: Engine, life: Life, said: Extract<Happening, { kind: 'word' }>['word']): void {
  const { key } = life.slot;
  switch (said.word) {
    case 'load':
      life.usage.callsPerSecond = said.calls;
      return;
    case 'hung':
      return fail(engine, life, 'hung', `the event loop of ${key} was blocked for ${said.blockedMs} ms`, {
        holdMs: hungMs,
      });
    case 'stack':
      engine.tell(life.slot, 'hung', `${key} is blocked by: ${said.text}`, life.leave?.event ?? life.event);
      if (life.leave?.heldUntil !== undefined) life.leave.drained = true;
      return;
    case 'turns':
      engine.tell(
        life.slot,
        'hung',
        `the event loop of ${key} turns again after ${said.blockedMs} ms`,
        life.event,
      );
      return;
    case 'status':
      // What it says too often would drive out what others have said.
      if (life.saidAt !== undefined && engine.now() - life.saidAt < sayEveryMs) return;
      life.saidAt = engine.now();
      engine.tell(life.slot, 'status', `${key} says: ${said.text}`, life.event);
  }
}

function usage(engine: Engine, { id, cpu, memoryBytes }: Usage): void {
  const life = engine.lives.get(id);
  if (life === undefined) return;
  life.usage.cpu = cpu;
  life.usage.memoryBytes = memoryBytes;
  const { slot, spec } = life;
  const { memory } = spec;
  const isDue = life.sampledAt === undefined || engine.now() - life.sampledAt >= (memory?.everyMs ?? 0);
  if (memory === undefined || !isDue || slot.main !== life || life.leave !== undefined) return;
  life.sampledAt = engine.now();
  const { bad, verdict } = inARow(life.memoryOver, memoryBytes > memory.maxBytes, memory.times);
  life.memoryOver = verdict === 'bad' ? 0 : bad;
  if (verdict !== 'bad' || slot.next !== undefined) return;
  const text = `${slot.key} needs ${megabytes(memoryBytes)}, and may need ${megabytes(memory.maxBytes)}: it is replaced`;
  replace(engine, slot, engine.tell(slot, 'memory', text, life.event));
}

function megabytes(bytes: number): string {
  return `${(bytes / 1e6).toFixed(1)} MB`;
}

function changed(engine: Engine, service: string, paths: readonly string[]): void {
  const crew = engine.crews.get(service);
  if (crew === undefined) return;
  const event = engine.write({
    service,
    kind: 'watch',
    text: `${service}: ${paths.slice(0, 3).join(', ')} changed`,
  });
  for (const { main } of crew.slots)
    if (main !== undefined && main.leave === undefined) leave(engine, main, 'restart', event);
}
