/** What has happened, numbered. The last 1000 events are kept, for whoever asks for those after a number. */
import type { KeeperEvent } from './keeper.ts';

/** An event before it has its number and time. */
export type News = KeeperEvent extends infer Event
  ? Event extends KeeperEvent
    ? Omit<Event, 'sequence' | 'at'>
    : never
  : never;

export interface EventLog {
  /** Of the last event; 0 before the first. */
  readonly sequence: number;
  add(news: News): void;
  /** Those after this number, and then those to come, until it is over (`wake` has it looked at) or the reader returns. */
  after(sequence: number, isOver: () => boolean): AsyncIterableIterator<KeeperEvent, undefined>;
  /** Every reader looks whether it is over. */
  wake(): void;
}

const keptEvents = 1000;

export function createEventLog(wallClock: () => number): EventLog {
  const kept: KeeperEvent[] = [];
  const waiting = new Set<() => void>();
  let sequence = 0;

  function wake(): void {
    for (const go of waiting) go();
    waiting.clear();
  }

  return {
    get sequence() {
      return sequence;
    },
    add(news) {
      kept.push({ ...news, sequence: ++sequence, at: wallClock() } as KeeperEvent);
      if (kept.length > keptEvents) kept.shift();
      wake();
    },
    wake,
    after(start, isOver) {
      let told = start;
      let isLeft = false;
      // Not a generator: one that waits for the next event cannot be ended from outside before that comes.
      return {
        async next() {
          while (!isLeft && !isOver()) {
            const event = kept[Math.max(0, kept.length - (sequence - told))];
            if (event !== undefined && event.sequence > told) {
              told = event.sequence;
              return { done: false, value: event };
            }
            await new Promise<void>((resolve) => waiting.add(resolve));
          }
          return { done: true, value: undefined };
        },
        return() {
          isLeft = true;
          wake();
          return Promise.resolve({ done: true, value: undefined });
        },
        [Symbol.asyncIterator]() {
          return this;
        },
      };
    },
  };
}
