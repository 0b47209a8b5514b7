/**
 * A process that ends by itself when its parent is gone, because it serves nobody else, is not asked to: SIGTERM would cut
 * off what it still does. It says how long that may take, again and again while it ends; when it has said nothing for so
 * long, its event loop is blocked, and it is killed.
 */

/**
 * Two numbers, shared with the thread that watches the parent: the milliseconds last said, or 0 where nothing was, and how
 * often something was said. They belong to the whole process, and every copy of this package finds them; there are none
 * where no thread watches.
 */
const place = Symbol.for('kindred.ownEnd');
const global = globalThis as { [place]?: Int32Array };

/** For whoever starts the watching thread. */
export function openOwnEnd(): Int32Array {
  const said = new Int32Array(new SharedArrayBuffer(2 * Int32Array.BYTES_PER_ELEMENT));
  global[place] = said;
  return said;
}

/** Counted from now, or from the end of the parent, whichever is later. Infinity: it is never killed. */
export function endsItselfWithin(ms: number): void {
  const said = global[place];
  if (said === undefined) return;
  Atomics.store(said, 0, Math.min(Math.max(Math.ceil(ms), 1), 2 ** 31 - 1));
  Atomics.add(said, 1, 1);
}
