/**
 * One life of a target: opened, given inputs for as long as it takes any, ended, and looked at. Its number and the seed say
 * all that happens in it; what it was given can be given again by itself.
 */
import { createRandom, type Random } from '../stories/fixtures/random.ts';
import { Finding, type Subject, settle } from './subject.ts';
import type { Target } from './targets.ts';

export interface Played {
  inputs: readonly Uint8Array[];
  finding?: unknown;
}

/** At most so many inputs for one. */
const longestLife = 64;

// The process tells of them by an event; whose fault they are is known by when they come.
const stray: unknown[] = [];
let isWatching = false;

/** From now on promises that nobody hears of are a finding of the life in which they were rejected. */
export function watchRejections(): void {
  if (isWatching) return;
  isWatching = true;
  process.on('unhandledRejection', (reason) => stray.push(reason));
}

/** A random of its own for each use, so that shrinking what one has made changes nothing for the other. */
function randomOf({ name }: Target, seed: number, life: number, use: number): Random {
  let named = use;
  for (const letter of name) named = Math.imul(named, 31) + (letter.codePointAt(0) as number);
  return createRandom(
    Math.imul(seed, 0x9e3779b1) ^ Math.imul(life, 0x85ebca6b) ^ Math.imul(named, 0xc2b2ae35),
  );
}

/** Plays it with inputs made by its random, or with these. */
export async function play(
  target: Target,
  seed: number,
  life: number,
  given?: readonly Uint8Array[],
  most: number = longestLife,
): Promise<Played> {
  const subject = target.open(randomOf(target, seed, life, 1));
  const random = randomOf(target, seed, life, 2);
  const inputs: Uint8Array[] = [];
  const feed = async (input: Uint8Array): Promise<void> => {
    inputs.push(input);
    subject.feed(input);
    await settle(4);
  };
  try {
    const count = 1 + random.int(most);
    for (const input of given ?? target.opening(random)) if (subject.alive) await feed(input);
    if (given === undefined) while (subject.alive && inputs.length < count) await feed(target.input(random));
    await end(subject);
    return { inputs };
  } catch (finding) {
    return { inputs, finding };
  }
}

async function end(subject: Subject): Promise<void> {
  await subject.finish();
  await new Promise((resolve) => setImmediate(resolve));
  checkPrototypes();
  const [first] = stray.splice(0);
  if (first !== undefined) throw new Finding('a promise was rejected that nobody hears of', { cause: first });
}

const prototypes = [
  Object.prototype,
  Array.prototype,
  Function.prototype,
  String.prototype,
  Map.prototype,
  Error.prototype,
];
const namesThen = prototypes.map((prototype) => Reflect.ownKeys(prototype).length);

function checkPrototypes(): void {
  const [changed] = prototypes.filter((prototype, i) => Reflect.ownKeys(prototype).length !== namesThen[i]);
  if (changed !== undefined)
    throw new Finding(`a prototype has names of its own: ${Reflect.ownKeys(changed).map(String)}`);
}
