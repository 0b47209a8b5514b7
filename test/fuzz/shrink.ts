/** A failing life made short: fewer inputs, then fewer bytes, as long as it still fails in the same words. */
import { type Played, play } from './life.ts';
import type { Target } from './targets.ts';

/** So often it is tried at most. */
const mostTries = 3000;

export async function shrink(target: Target, seed: number, life: number, failed: Played): Promise<Played> {
  const words = wordsOf(failed.finding);
  let best = failed;
  let tries = 0;
  async function fails(inputs: readonly Uint8Array[]): Promise<boolean> {
    if (tries++ > mostTries) return false;
    const played = await play(target, seed, life, inputs);
    if (wordsOf(played.finding) !== words) return false;
    best = { inputs, finding: played.finding };
    return true;
  }
  for (let size = Math.ceil(best.inputs.length / 2); size >= 1; size = half(size))
    for (let at = 0; at < best.inputs.length; ) {
      const fewer = best.inputs.toSpliced(at, size);
      if (!(await fails(fewer))) at += size;
    }
  for (let i = 0; i < best.inputs.length; i++)
    for (let size = Math.ceil((best.inputs[i] as Uint8Array).length / 2); size >= 1; size = half(size))
      for (let at = 0; at < (best.inputs[i] as Uint8Array).length; ) {
        const bytes = best.inputs[i] as Uint8Array;
        const shorter = Buffer.concat([bytes.subarray(0, at), bytes.subarray(at + size)]);
        if (!(await fails(best.inputs.with(i, Uint8Array.from(shorter))))) at += size;
      }
  return best;
}

const half = (size: number): number => (size === 1 ? 0 : Math.ceil(size / 2));

/** What is said of a failure, without its numbers. */
function wordsOf(finding: unknown): string | undefined {
  if (finding === undefined) return undefined;
  const { message, cause } = finding as Error;
  const deepest = ((cause as Error | undefined)?.cause ?? cause) as Error | undefined;
  return `${message} ${deepest?.message ?? ''}`.replaceAll(/[0-9a-f]+/g, '#').slice(0, 200);
}

export function toHex(inputs: readonly Uint8Array[]): string {
  return inputs.map((input) => Buffer.from(input).toString('hex')).join(',');
}

export function fromHex(hex: string): Uint8Array[] {
  return hex.split(',').map((input) => Uint8Array.from(Buffer.from(input, 'hex')));
}
