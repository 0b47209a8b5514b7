/**
 * What is asked of a brain, with its progress: the events of the services that it is about, until they are as they are to
 * be, or cannot come to be. Whoever stops listening changes nothing.
 */
import { KindredError } from '../../base/errors.ts';
import type { Progress, StackEvent } from '../control/control.ts';
import { crewsOf } from './asks.ts';
import { type Crew, livesOf } from './crew.ts';
import type { Engine } from './engine.ts';
import type { Ask } from './happening.ts';
import { has } from './needs.ts';

/** Undefined: not yet. */
export type Verdict = { kind: 'done' | 'failed'; text: string } | undefined;

/** Asks at once; the progress may be read later, as far as its events are kept. */
export function carry(
  engine: Engine,
  ask: Ask,
  text: string,
  services: readonly string[],
  verdict: (since: number) => Verdict,
): AsyncGenerator<Progress, void> {
  if (engine.isClosed) throw new KindredError('ERR_CLOSED', 'the supervisor has ended');
  let asked = 0;
  engine.post({
    kind: 'asked',
    ask,
    text,
    decided: (event) => {
      asked = event;
    },
  });
  return follow(engine, asked, services, verdict);
}

/** Names that no service has are refused. */
export function checkServices(engine: Engine, services: readonly string[]): void {
  const unknown = services.find((name) => !engine.crews.has(name));
  if (unknown === undefined) return;
  throw new KindredError(
    'ERR_BAD_ARGUMENT',
    `there is no service ${JSON.stringify(unknown)}: there are ${[...engine.crews.keys()].join(', ')}`,
  );
}

async function* follow(
  engine: Engine,
  asked: number,
  services: readonly string[],
  verdict: (since: number) => Verdict,
): AsyncGenerator<Progress, void> {
  let told = asked;
  const isAbout = ({ service }: StackEvent): boolean =>
    service !== undefined && (services.length === 0 || services.includes(service));
  for (;;) {
    const seen = engine.decisions;
    const over = verdict(asked);
    for (const event of engine.book.since(told)) {
      told = event.sequence;
      const { at, service, instance, text } = event;
      if (isAbout(event)) yield { at, service, instance, kind: 'step', text };
    }
    if (over !== undefined) return yield { at: engine.seams.wallClock(), ...over };
    if (engine.isClosed)
      return yield { at: engine.seams.wallClock(), kind: 'failed', text: 'the supervisor has ended' };
    // Much may have been decided while its listener was busy.
    if (engine.decisions === seen) await changed(engine);
  }
}

/** The next decision. */
export function changed(engine: Engine, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const over = (): void => {
      stop();
      signal?.removeEventListener('abort', over);
      resolve();
    };
    const stop = engine.observe(over);
    signal?.addEventListener('abort', over, { once: true });
    if (engine.isClosed || signal?.aborted === true) over();
  });
}

/** All their wanted instances serve, or have run through. */
export function areUp(engine: Engine, services: readonly string[], since = 0): Verdict {
  const crews = crewsOf(engine, services);
  const slots = crews.flatMap(({ slots, wanted }) => slots.filter(({ instance }) => instance <= wanted));
  const failed = slots.filter(({ rest, main }) => main === undefined && rest === 'failed');
  if (failed.length > 0) return { kind: 'failed', text: `${keysOf(failed)} failed` };
  const blocked = crews.find((crew) => isBlocked(engine, crew));
  if (blocked !== undefined)
    return { kind: 'failed', text: `${blocked.name} needs what has failed, or was stopped` };
  const isFine = slots.every(({ main, rest, crew, goal, next }) => {
    if (goal === 'down') return true;
    if (next !== undefined) return false;
    if (main !== undefined) return main.state === 'ready' && (main.event ?? 0) > since;
    return rest === 'ended' || (rest === 'waiting' && crew.spec.schedule !== undefined);
  });
  return isFine ? { kind: 'done', text: `${namesOf(crews)} up` } : undefined;
}

/** Something that it needs and waits for will not come by itself. */
function isBlocked(engine: Engine, { slots, spec }: Crew): boolean {
  if (!slots.some(({ main, rest, waitsFor }) => main === undefined && rest === 'waiting' && waitsFor !== ''))
    return false;
  const isOver = (name: string): boolean =>
    (engine.crews.get(name)?.slots ?? []).every(
      ({ main, rest }) => main === undefined && rest !== 'waiting' && rest !== 'backoff',
    );
  return Object.entries(spec.needs).some(([name, need]) => isOver(name) && !has(engine, name, need));
}

export function areDown(engine: Engine, services: readonly string[]): Verdict {
  const crews = crewsOf(engine, services);
  const isOver = crews.every(({ slots }) => slots.every((slot) => livesOf(slot).length === 0));
  return isOver ? { kind: 'done', text: `${namesOf(crews)} stopped` } : undefined;
}

/** The verdict on a reload that was asked for then. */
export function areReloaded(engine: Engine, services: readonly string[], since: number): Verdict {
  const crews = crewsOf(engine, services);
  const phases = crews.map(({ name }) => engine.reloads.get(name)?.state.phase);
  if (phases.some((phase) => phase === 'going' || phase === 'rolling-back')) return undefined;
  const ends = crews.flatMap(({ name }) => engine.reloadEnds.get(name) ?? []);
  const back = ends.filter(({ event, isDone }) => event > since && !isDone);
  if (back.length > 0) return { kind: 'failed', text: back.map(({ text }) => text).join('; ') };
  if (phases.includes('paused'))
    return { kind: 'done', text: `${namesOf(crews)} waits for reload or rollback` };
  const isOver = crews.every(({ slots }) => slots.every(({ leaving }) => leaving.length === 0));
  return isOver ? { kind: 'done', text: `${namesOf(crews)} reloaded` } : undefined;
}

function keysOf(slots: readonly { key: string }[]): string {
  return slots.map(({ key }) => key).join(', ');
}

function namesOf(crews: readonly Crew[]): string {
  return crews.map(({ name }) => name).join(', ');
}
