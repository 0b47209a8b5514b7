// npm run soak                                      lists the soaks
// npm run soak -- NAME [--times N] [--seed N]       runs one; stops at the first failure
import { spawnSync } from 'node:child_process';
import { randomInt } from 'node:crypto';
import { parseArgs } from 'node:util';
import { soaks } from './soaks.ts';

const { values: options, positionals } = parseArgs({
  options: { times: { type: 'string' }, seed: { type: 'string' } },
  allowPositionals: true,
});
const [name, ...rest] = positionals;

if (name === undefined) list();
else if (rest.length > 0) usage('one soak at a time');
else run(name);

function list(): void {
  const width = Math.max(...Object.keys(soaks).map((each) => each.length));
  for (const [each, { shows }] of Object.entries(soaks)) console.log(`${each.padEnd(width)}  ${shows}`);
}

function run(name: string): void {
  const soak = soaks[name];
  if (soak === undefined)
    return usage(`there is no soak '${name}'; there are: ${Object.keys(soaks).join(', ')}`);
  const times = toCount('--times', options.times) ?? soak.times;
  const firstSeed = toCount('--seed', options.seed) ?? randomInt(2 ** 30);
  console.log(`${name}: ${soak.shows}; ${times} times`);
  const start = performance.now();
  let passed = 0;
  for (let round = 0; round < times; round++) {
    const seed = firstSeed + round;
    const roundStart = performance.now();
    const { status, stdout } = spawnSync(process.execPath, ['scripts/test.ts', ...soak.files], {
      encoding: 'utf8',
      maxBuffer: Number.POSITIVE_INFINITY,
      stdio: ['ignore', 'pipe', 'inherit'],
      env: { ...process.env, KINDRED_SEED: `${seed}`, KINDRED_SOAK: `${soak.counts ?? 1}` },
    });
    const [counts = 'no closing count', ran = '0'] = /^(\d+) passed, \d+ failed.*$/m.exec(stdout) ?? [];
    console.log(`${round + 1} of ${times}: seed ${seed}, ${secondsSince(roundStart)} s, ${counts}`);
    // What the tests themselves say of their counts.
    for (const [figures] of stdout.matchAll(/^ *ℹ .*$/gm)) console.log(figures.replace('ℹ', ' '));
    passed += Number(ran);
    if (status === 0) continue;
    console.log(stdout);
    console.log(
      `failed with seed ${seed}, after ${secondsSince(start)} s; again: npm run soak -- ${name} --times 1 --seed ${seed}`,
    );
    process.exitCode = 1;
    return;
  }
  console.log(`${passed} passed, 0 failed in ${times} times, ${secondsSince(start)} s`);
}

function toCount(option: string, text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  if (!/^[1-9]\d{0,8}$/.test(text)) usage(`${option} takes a count, not '${text}'`);
  return Number(text);
}

function secondsSince(start: number): string {
  return ((performance.now() - start) / 1000).toFixed(1);
}

function usage(message: string): never {
  console.error(message);
  process.exit(2);
}
