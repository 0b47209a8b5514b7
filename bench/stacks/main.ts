// npm run bench -- --stacks [--reloads N] [--services N] [--json FILE]
//
// What supervisors do to the programs that they keep: failed requests over reloads under load, and what many services
// cost. Each contender does the same by its own command, as it is published, in a directory of its own; they take turns.
// 0 reloads or services leave that part out.
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { get } from 'node:http';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { installPackages } from '../../scripts/install-packages.ts';
import { kindred } from './kindred.ts';
import { type LoadResult, startLoad } from './load.ts';
import { packed } from './packed.ts';
import { pm2 } from './pm2.ts';
import type { Idle, MakeSupervised, Supervised } from './supervised.ts';

export interface StacksPlan {
  reloads: number;
  services: number;
  rounds: number;
}

interface Reloaded extends LoadResult {
  reloads: number;
  reloadMs: number;
}

interface Many {
  idle: Idle;
  services: number;
  /** Until the last of them runs. */
  allStartedMs: number;
  /** Until the command says that it is done. */
  commandMs: number;
  /** Processor time of the supervisor by then, in milliseconds. */
  supervisorCpuMs: number;
  supervisorMiB: number;
  /** Median of the services. */
  serviceMiB: number;
}

const idles: readonly Idle[] = ['node', 'shell'];

export async function benchStacks(plan: StacksPlan, json: string | undefined): Promise<void> {
  installPackages(fileURLToPath(new URL('.', import.meta.url)));
  const { command, remove } = await packed();
  const contenders: readonly MakeSupervised[] = [kindred(command), pm2(false), pm2(true)];
  const reloaded: Record<string, Reloaded[]> = {};
  const many: Record<string, Many[]> = {};
  try {
    for (let round = 1; round <= plan.rounds; round++) {
      console.error(`round ${round} of ${plan.rounds}`);
      if (plan.reloads > 0)
        for (const make of contenders)
          await inTurn(make, async (supervised) => {
            addTo(reloaded, supervised.name, await reloadUnderLoad(supervised, plan.reloads));
          });
      // What PM2 asks of a program to reload it is nothing to one that does nothing.
      if (plan.services > 0)
        for (const idle of idles)
          for (const make of contenders.slice(0, 2))
            await inTurn(make, async (supervised, directory) => {
              const result = await manyServices(supervised, directory, plan.services, idle);
              addTo(many, `${supervised.name.split(',')[0]} ${idle}`, result);
            });
    }
  } finally {
    remove();
  }
  if (json !== undefined) writeFileSync(json, `${JSON.stringify({ plan, reloaded, many }, null, 2)}\n`);
  console.log(table(reloaded, many));
}

function addTo<Result>(results: Record<string, Result[]>, name: string, result: Result): void {
  results[name] = [...(results[name] ?? []), result];
}

async function inTurn(
  make: MakeSupervised,
  play: (supervised: Supervised, directory: string) => Promise<void>,
) {
  const directory = mkdtempSync(join(tmpdir(), 'bench-stacks-'));
  const supervised = make(directory);
  try {
    await play(supervised, directory);
  } finally {
    await supervised.down().catch((error: unknown) => console.error(error));
    rmSync(directory, { recursive: true, force: true });
  }
}

async function reloadUnderLoad(supervised: Supervised, reloads: number): Promise<Reloaded> {
  const port = await freePort();
  await supervised.upWeb(port);
  const url = `http://127.0.0.1:${port}/`;
  await answers(url);
  const load = startLoad(url, 32);
  const begun = performance.now();
  let result: LoadResult;
  try {
    for (let each = 0; each < reloads; each++) await supervised.reload();
  } finally {
    result = await load.end();
  }
  return { reloads, reloadMs: (performance.now() - begun) / reloads, ...result };
}

/** From the command to the last service that runs. */
async function manyServices(
  supervised: Supervised,
  directory: string,
  services: number,
  idle: Idle,
): Promise<Many> {
  const started = join(directory, 'started');
  mkdirSync(started);
  const begun = performance.now();
  const since = () => performance.now() - begun;
  const [commandMs, allStartedMs] = await Promise.all([
    supervised.upMany(services, idle, started).then(since),
    filled(started, services).then(since),
  ]);
  const pids = await supervised.ownPids();
  const sum = (of: (pid: number) => number) => pids.reduce((total, pid) => total + of(pid), 0);
  return {
    ...{ idle, services, allStartedMs, commandMs },
    supervisorCpuMs: sum(cpuMs),
    supervisorMiB: sum(memoryMiB),
    serviceMiB: medianOf(readdirSync(started).map((pid) => memoryMiB(Number(pid)))),
  };
}

async function filled(directory: string, count: number): Promise<void> {
  for (const end = performance.now() + 300_000; readdirSync(directory).length < count; ) {
    if (performance.now() > end) throw new Error(`${readdirSync(directory).length} of ${count} have started`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

/** In user and kernel mode; a tick is 10 ms for every program of Linux. */
function cpuMs(pid: number): number {
  const stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return (Number(fields[11]) + Number(fields[12])) * 10;
}

/** What is its own, with its part of what it shares (PSS). */
function memoryMiB(pid: number): number {
  const rollup = readFileSync(`/proc/${pid}/smaps_rollup`, 'utf8');
  return Number(/^Pss: +(\d+) kB$/m.exec(rollup)?.[1] ?? Number.NaN) / 1024;
}

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  if (address === null || typeof address === 'string') throw new Error('no port');
  return address.port;
}

async function answers(url: string): Promise<void> {
  for (const end = performance.now() + 60_000; ; ) {
    const ok = await new Promise<boolean>((resolve) => {
      get(url, (response) => resolve(response.resume().statusCode === 200)).on('error', () => resolve(false));
    });
    if (ok) return;
    if (performance.now() > end) throw new Error(`${url} does not answer`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

function table(reloaded: Record<string, Reloaded[]>, many: Record<string, Many[]>): string {
  const lines = [
    '| supervisor | reloads | requests answered | failed | requests a second | p99 | one reload |',
    '| --- | --: | --: | --: | --: | --: | --: |',
  ];
  for (const [name, rounds] of Object.entries(reloaded)) {
    const sum = (pick: (each: Reloaded) => number) => rounds.reduce((total, each) => total + pick(each), 0);
    const mean = (pick: (each: Reloaded) => number) => sum(pick) / rounds.length;
    lines.push(
      `| ${name} | ${sum((each) => each.reloads)} | ${sum((each) => each.answered)} | ${sum((each) => each.failed)} | ` +
        `${Math.round(mean((each) => each.perSecond))} | ${Math.round(mean((each) => each.p99Ms))} ms | ` +
        `${(mean((each) => each.reloadMs) / 1000).toFixed(1)} s |`,
    );
  }
  lines.push(
    '',
    '| supervisor | services | all run | the command is done | its processor time | its memory | memory of a service |',
    '| --- | --- | --: | --: | --: | --: | --: |',
  );
  for (const [name, rounds] of Object.entries(many)) {
    const median = (pick: (each: Many) => number) => medianOf(rounds.map(pick));
    const seconds = (pick: (each: Many) => number) => `${(median(pick) / 1000).toFixed(1)} s`;
    lines.push(
      `| ${name.replace(/ \w+$/, '')} | ${rounds[0]?.services} of ${rounds[0]?.idle === 'node' ? 'Node.js' : 'a shell'} | ` +
        `${seconds((each) => each.allStartedMs)} | ${seconds((each) => each.commandMs)} | ` +
        `${seconds((each) => each.supervisorCpuMs)} | ${Math.round(median((each) => each.supervisorMiB))} MiB | ` +
        `${median((each) => each.serviceMiB).toFixed(1)} MiB |`,
    );
  }
  return lines.join('\n');
}

function medianOf(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN;
}
