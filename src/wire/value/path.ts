/** Where in a message a value stands, in the words of JavaScript: `params[0].items[3].cb`. */

/**
 * One step from a container to what it holds: a property's name, an element's number; or, below zero, a key
 * (-1, -3, -5 ...) or value (-2, -4, -6 ...) of entry 0, 1, 2 ... of a Map, or a member of a Set (as a key).
 */
export type Step = string | number;

/**
 * `maxDepth` counts for no more than this. Each level takes some hundred bytes of stack on either side, and Node.js
 * has about a megabyte of it for everybody together; a value that is too deep even so is refused like one that is
 * deeper than the limit.
 */
export const deepestValue = 2000;

const identifier = /^[\p{ID_Start}$_][\p{ID_Continue}$]*$/u;

export function sayPath(root: string, steps: readonly Step[]): string {
  let path = root;
  for (const step of steps) {
    if (typeof step === 'number') path += step < 0 ? sayEntry(step) : `[${step}]`;
    else if (identifier.test(step)) path += path === '' ? step : `.${step}`;
    else path += `[${JSON.stringify(step)}]`;
  }
  if (path === '') return 'the message';
  return path.length > 200 ? `${path.slice(0, 120)}...${path.slice(-60)}` : path;
}

function sayEntry(step: number): string {
  const entry = Math.floor((-1 - step) / 2);
  return step % 2 === 0 ? ` (value of entry ${entry})` : ` (key of entry ${entry})`;
}
