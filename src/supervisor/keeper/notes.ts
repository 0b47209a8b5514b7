/** What brains have written down for each other: JSON values by key, bounded. */
import { KindredError } from '../../base/errors.ts';

export interface Notes {
  /**
   * All of them, or none: `undefined` takes one away. Throws `ERR_LIMIT`, and `ERR_BAD_ARGUMENT` for what is no JSON
   * value.
   */
  set(changes: Readonly<Record<string, unknown>>): void;
  all(): Record<string, unknown>;
}

const maxNoteBytes = 1024 * 1024;
const maxAllBytes = 16 * 1024 * 1024;

interface Note {
  text: string;
  bytes: number;
}

export function createNotes(): Notes {
  const notes = new Map<string, Note>();
  let total = 0;
  return {
    set(changes) {
      const changed = Object.entries(changes).map(([key, value]) => [key, noteOf(key, value)] as const);
      const more = changed.reduce(
        (sum, [key, note]) => sum + (note?.bytes ?? 0) - (notes.get(key)?.bytes ?? 0),
        0,
      );
      if (total + more > maxAllBytes)
        throw new KindredError(
          'ERR_LIMIT',
          `all notes would have ${total + more} bytes: together they may have ${maxAllBytes}`,
        );
      total += more;
      for (const [key, note] of changed)
        if (note === undefined) notes.delete(key);
        else notes.set(key, note);
    },
    all: () => Object.fromEntries([...notes].map(([key, { text }]) => [key, JSON.parse(text) as unknown])),
  };
}

function noteOf(key: string, value: unknown): Note | undefined {
  const text = textOf(key, value);
  if (text === undefined) return undefined;
  const bytes = Buffer.byteLength(key) + Buffer.byteLength(text);
  if (bytes <= maxNoteBytes) return { text, bytes };
  throw new KindredError(
    'ERR_LIMIT',
    `the note ${key.slice(0, 80)} has ${bytes} bytes: one may have ${maxNoteBytes}`,
  );
}

function textOf(key: string, value: unknown): string | undefined {
  if (value === undefined) return undefined;
  try {
    const text = JSON.stringify(value) as string | undefined;
    if (text !== undefined) return text;
  } catch {
    // Told below.
  }
  throw new KindredError('ERR_BAD_ARGUMENT', `the note ${key.slice(0, 80)} is no JSON value`);
}
