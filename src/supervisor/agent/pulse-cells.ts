/** What the main thread and the one that watches it share. */
import type { WordsLine } from './words-line.ts';

/** What the thread gets. */
export interface PulseData {
  words: WordsLine;
  hangMs: number;
  loadEveryMs: number;
  /** How often the main thread says that it turns, in milliseconds. */
  beatMs: number;
  /** By `cells`. */
  cells: Int32Array;
}

/** Where in `cells` what is counted. */
export const cells = {
  /** Grows while the event loop turns. */
  beats: 0,
  /** The longest that it was late, in milliseconds; whoever reads sets it back to 0. */
  lagMs: 1,
  /** Calls and requests that were begun. */
  calls: 2,
} as const;
