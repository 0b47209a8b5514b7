/** What is thrown, in full: for stderr, when the program ends over it. */
import { inspect } from 'node:util';

/** With its stack, its properties and its causes. Never throws, whatever it is. */
export function errorText(error: unknown): string {
  try {
    return inspect(error);
  } catch {
    return 'something that cannot be shown';
  }
}
