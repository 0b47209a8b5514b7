/** Micro-benchmarks: one hot function at a time, in one process. For a developer who changes one; no target reads them. */
import { readdirSync } from 'node:fs';
import { giveOrTake, spread } from './measure/statistics.ts';

/** What a file of `micro/` exports: `benchmarks`, by name. */
export interface Benchmark {
  /** Does the work so many times. What it returns keeps the compiler from leaving it out. */
  run(times: number): unknown | Promise<unknown>;
}

const sampleMs = 60;
const samples = 9;

export async function micro(word: string): Promise<void> {
  const folder = new URL('./micro/', import.meta.url);
  for (const file of readdirSync(folder).sort()) {
    const { benchmarks } = (await import(new URL(file, folder).href)) as {
      benchmarks: Record<string, Benchmark>;
    };
    for (const [name, benchmark] of Object.entries(benchmarks)) {
      const full = `${file.replace('.ts', '')}: ${name}`;
      if (full.includes(word)) console.log(await measure(full, benchmark));
    }
  }
}

async function measure(name: string, { run }: Benchmark): Promise<string> {
  const sample = async (times: number): Promise<number> => {
    const from = performance.now();
    if ((await run(times)) === undefined)
      throw new Error(`${name} gives nothing back: the compiler may leave its work out`);
    return performance.now() - from;
  };
  // Warms up, and finds how many times make a sample.
  let times = 64;
  for (let took = await sample(times); took < sampleMs; took = await sample(times))
    times = Math.ceil(times * Math.min(10, (sampleMs / took) * 1.2));
  const values: number[] = [];
  while (values.length < samples) values.push(((await sample(times)) / times) * 1e6);
  const each = spread(values);
  return `${name.padEnd(58)} ${each.median.toFixed(0).padStart(9)} ns  ±${(giveOrTake(each) * 100).toFixed(0)}%`;
}
