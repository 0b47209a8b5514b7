/** One step of the brain: what has happened, and then all that can be done now. */
import type { Engine } from './engine.ts';
import { handle } from './handle.ts';
import type { Happening } from './happening.ts';
import { settle } from './settle.ts';

export function decide(engine: Engine, happening: Happening): void {
  handle(engine, happening);
  // Of every service every few seconds: it is shown, and nothing follows from it.
  if (happening.kind === 'word' && happening.word.word === 'load') return;
  settle(engine);
}
