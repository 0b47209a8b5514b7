/** What the demo serves. A service is a plain module of functions: nothing of Kindred is needed to write one. */
import { setTimeout as pause } from 'node:timers/promises';
import { currentCall } from 'kindred';

export const add = (...numbers: number[]): number => numbers.reduce((a, b) => a + b, 0);

/** A function with many answers: the caller iterates them. */
export async function* countdown(from: number): AsyncGenerator<number, void> {
  while (from > 0) yield from--;
}

/** How many of the endless counts of `count` run now: 0 once every caller has gone away. */
let counting = 0;
export const running = (): number => counting;

/** Counts until nobody wants to hear more. The signal of the call fires when its caller gives up. */
export async function* count(everyMs: number): AsyncGenerator<number, void> {
  const { signal } = currentCall();
  counting++;
  try {
    for (let n = 1; ; n++) {
      yield n;
      await pause(everyMs, undefined, { signal });
    }
  } finally {
    counting--;
  }
}

/** Calls back to its caller while it works: `onProgress` is a function in the caller's process. */
export async function primesBelow(limit: number, onProgress: (percent: number) => unknown): Promise<number> {
  let found = 0;
  for (let n = 2; n < limit; n++) {
    if (isPrime(n)) found++;
    if ((n * 4) % limit === 0) await onProgress((n * 100) / limit);
  }
  await onProgress(100);
  return found;
}

export function divide(a: number, b: number): number {
  if (b === 0) throw new RangeError(`${a} cannot be divided by zero`);
  return a / b;
}

/** Says that it has begun, and takes an hour, unless nobody waits for it any more. */
export async function ponder(begun: () => unknown): Promise<string> {
  const { signal } = currentCall();
  await begun();
  return pause(3_600_000, 'all is number', { signal });
}

function isPrime(n: number): boolean {
  for (let d = 2; d * d <= n; d++) if (n % d === 0) return false;
  return true;
}
