/**
 * What the agent in a Node.js service says to whoever is the brain, one JSON object a line:
 *
 * ```
 *   {"word":"load","lagMs":3,"calls":12.5,"cpu":0.4}       every few seconds
 *   {"word":"hung","blockedMs":10250}                      at once, when the event loop has not turned for so long
 *   {"word":"stack","text":"at spin (/srv/web.js:12:3)"}   within a second of `hung`: what it is blocked by, where that can be told
 *   {"word":"turns","blockedMs":12010}                     it turns again
 *   {"word":"status","text":"..."}
 * ```
 * No word is longer than 4096 bytes, so that each is written whole or not at all.
 */
import { readLines } from './read-lines.ts';

export type Word =
  | {
      word: 'load';
      /** The longest that the event loop was late since the last of these, in milliseconds. */
      lagMs: number;
      /** Calls and HTTP requests that it has begun to answer, a second. */
      calls: number;
      /** Share of one processor, 0 to the number of processors. */
      cpu: number;
    }
  | { word: 'hung'; blockedMs: number }
  | { word: 'stack'; text: string }
  | { word: 'turns'; blockedMs: number }
  | { word: 'status'; text: string };

/** The most that a word may be, with its newline: what a FIFO takes in one piece (PIPE_BUF). */
export const maxWordBytes = 4096;

export interface WordsOptions {
  signal: AbortSignal;
  onWord(word: Word): void;
  /** A line that is no word; how many there were so far. */
  onGarbage?: ((count: number) => void) | undefined;
}

/** Hears of every word that comes out of a FIFO. Throws `ERR_NOT_REACHABLE` where there is none. */
export function readWords(path: string, { signal, onWord, onGarbage }: WordsOptions): void {
  let garbage = 0;
  const onOther = (): void => onGarbage?.(++garbage);
  readLines(path, {
    signal,
    maxLineBytes: maxWordBytes,
    onTooLong: onOther,
    onLine(line) {
      const word = readWord(line);
      if (word === undefined) onOther();
      else onWord(word);
    },
  });
}

/** Undefined for what is no word. What else is in it is left out. */
export function readWord(line: string): Word | undefined {
  let said: unknown;
  try {
    said = JSON.parse(line);
  } catch {
    return undefined;
  }
  const { word, text, blockedMs, lagMs, calls, cpu } = (said ?? {}) as Record<string, unknown>;
  switch (word) {
    case 'load':
      return isAmount(lagMs) && isAmount(calls) && isAmount(cpu) ? { word, lagMs, calls, cpu } : undefined;
    case 'hung':
    case 'turns':
      return isAmount(blockedMs) ? { word, blockedMs } : undefined;
    case 'stack':
    case 'status':
      return typeof text === 'string' ? { word, text } : undefined;
    default:
      return undefined;
  }
}

function isAmount(value: unknown): value is number {
  return typeof value === 'number' && Number.isFinite(value) && value >= 0;
}
