/** What brains have written down for each other: JSON values by key, bounded. */
import { KindredError } from '../../base/errors.ts';

export interface Notes {
  /** `undefined` takes it away. Throws `ERR_LIMIT`, and `ERR_BAD_ARGUMENT` for what is no JSON value. */
  set(key: string, value: unknown): void;
  all(): Record<string, unknown>;
}

const maxNoteBytes = 1024 * 1024;
const maxAllBytes = 16 * 1024 * 1024;

export function createNotes(): Notes {
  const texts = new Map<string, string>();
  const sizes = new Map<string, number>();
  let total = 0;
  return {
    set(key, value) {
      const text = textOf(key, value);
      const bytes = text === undefined ? 0 : Buffer.byteLength(key) + Buffer.byteLength(text);
      if (bytes > maxNoteBytes)
        throw new KindredError(
          'ERR_LIMIT',
          `the note ${key.slice(0, 80)} has ${bytes} bytes: one may have ${maxNoteBytes}`,
        );
      const after = total - (sizes.get(key) ?? 0) + bytes;
      if (after > maxAllBytes)
        throw new KindredError(
          'ERR_LIMIT',
          `with the note ${key.slice(0, 80)} all would have ${after} bytes: together they may have ${maxAllBytes}`,
        );
      total = after;
      texts.delete(key);
      sizes.delete(key);
      if (text === undefined) return;
      texts.set(key, text);
      sizes.set(key, bytes);
    },
    all: () => Object.fromEntries([...texts].map(([key, text]) => [key, JSON.parse(text) as unknown])),
  };
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
