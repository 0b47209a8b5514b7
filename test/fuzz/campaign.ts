/** Many lives of one target, until so many inputs were given; the first that fails is made short and told. */
import { inspect } from 'node:util';
import { play } from './life.ts';
import { shrink, toHex } from './shrink.ts';
import type { Target } from './targets.ts';

export interface Figures {
  inputs: number;
  lives: number;
  seconds: number;
}

export interface CampaignOptions {
  seed: number;
  inputs: number;
  /** Told of each life before it begins. */
  sees?: (target: string, seed: number, life: number) => void;
  /** From which life on. Default 0. */
  from?: number;
}

/** Throws with the seed, the bytes and the command that gives them again. */
export async function runCampaign(
  target: Target,
  { seed, inputs, sees, from = 0 }: CampaignOptions,
): Promise<Figures & { next: number }> {
  const start = performance.now();
  let given = 0;
  let life = from;
  for (; given < inputs; life++) {
    sees?.(target.name, seed, life);
    const played = await play(target, seed, life);
    given += Math.max(1, played.inputs.length);
    if (played.finding === undefined) continue;
    const short = await shrink(target, seed, life, played);
    const again = `node test/fuzz/run.ts --target '${target.name}' --seed ${seed} --life ${life}`;
    const told = `${target.name}: ${inspect(short.finding, { depth: 4 })}`;
    throw new Error(`${told}\nagain: ${again}\nor: ${again} --hex ${toHex(short.inputs)}`);
  }
  return { inputs: given, lives: life - from, next: life, seconds: (performance.now() - start) / 1000 };
}
