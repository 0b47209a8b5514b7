/** Hears what the agents of services say. */
import { maxWordBytes, type Word } from '../agent/word.ts';
import { readLines } from '../keeper/read-lines.ts';

export type { Word } from '../agent/word.ts';

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
