/**
 * What has happened in a stack, each event with the one that it follows from: the newest 1000, for `events` and `why`.
 *
 * They are written down with the keeper in chapters of 50, so that the next brain can tell what the one before has seen:
 * an event costs one note of a few kilobytes at most, and 1000 of them cost 20 notes.
 */
import type { Cause, StackEvent } from '../control/control.ts';

export interface EventBook {
  /** The number of the newest event; 0 where there is none. */
  readonly last: number;
  write(event: Omit<StackEvent, 'sequence' | 'at'>, at: number): StackEvent;
  /** Those after this number, the oldest first. */
  since(sequence: number): readonly StackEvent[];
  get(sequence: number): StackEvent | undefined;
  /** What leads to the last change of state of this service, the newest first. */
  why(service: string): Cause[];
  /** The chapters that have changed since they were last asked for, as notes: key and value. */
  unsaved(): [key: string, events: StackEvent[]][];
}

export const keptEvents = 1000;
const chapterEvents = 50;
const chapters = keptEvents / chapterEvents;
const prefix = 'events/';
/** A chain of causes is told to this length. */
const maxCauses = 20;
const maxTextChars = 2000;
/** The last that an instance wrote; by what its event loop was blocked. */
const tells: ReadonlySet<string> = new Set(['output', 'hung']);

/** Goes on with what the notes of the brain before hold. */
export function createEventBook(notes: Readonly<Record<string, unknown>> = {}): EventBook {
  const events: StackEvent[] = [];
  for (const [key, chapter] of Object.entries(notes))
    if (key.startsWith(prefix) && Array.isArray(chapter)) events.push(...(chapter as StackEvent[]));
  events.sort((a, b) => a.sequence - b.sequence);
  // A chapter is written over as a whole: of a round that is half through, the oldest are left.
  events.splice(0, Math.max(0, events.length - keptEvents));
  let last = events.at(-1)?.sequence ?? 0;
  const changed = new Set<number>();

  const get = (sequence: number): StackEvent | undefined => {
    const first = events[0]?.sequence ?? 0;
    const there = events[sequence - first];
    // Numbers follow each other without a gap, but where a brain died before it had written its last ones down.
    return there?.sequence === sequence ? there : events.find((event) => event.sequence === sequence);
  };

  return {
    get last() {
      return last;
    },
    get,
    write(event, at) {
      const whole: StackEvent = { sequence: ++last, at, ...event, text: event.text.slice(0, maxTextChars) };
      events.push(whole);
      if (events.length > keptEvents) events.shift();
      changed.add(Math.floor(last / chapterEvents));
      return whole;
    },
    since: (sequence) => events.filter((event) => event.sequence > sequence),
    why(service) {
      const of = events.filter((event) => event.service === service);
      let at = of.findLast(({ kind }) => kind === 'state') ?? of.at(-1);
      const chain: StackEvent[] = [];
      while (at !== undefined && chain.length < maxCauses) {
        chain.push(at);
        at = at.cause === undefined || at.cause >= at.sequence ? undefined : get(at.cause);
      }
      // What nothing follows from, and what says more than the event that it belongs to.
      const saidOf = (sequence: number): StackEvent[] =>
        events.filter((event) => event.cause === sequence && tells.has(event.kind) && !chain.includes(event));
      return chain
        .flatMap((event) => [...saidOf(event.sequence), event])
        .map(({ at, text }) => ({ at, text }));
    },
    unsaved() {
      const saved = [...changed].map((chapter): [string, StackEvent[]] => [
        `${prefix}${chapter % chapters}`,
        events.filter(({ sequence }) => Math.floor(sequence / chapterEvents) === chapter),
      ]);
      changed.clear();
      return saved;
    },
  };
}
