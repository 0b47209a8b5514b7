/** Where the time of a case goes: one long round with `--cpu-prof` on both sides, and the functions that took most. */
import { mkdirSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type CaseName, caseOf, type Way } from './cases.ts';
import { type Round, round } from './measure/round.ts';

interface CpuProfile {
  startTime: number;
  endTime: number;
  nodes: { id: number; callFrame: { functionName: string; url: string; lineNumber: number } }[];
  samples: number[];
  timeDeltas: number[];
}

const shown = 25;

export async function profile(name: CaseName, contender: string, way: Way): Promise<void> {
  const root = fileURLToPath(new URL('..', import.meta.url));
  const folder = join(root, '.cache', 'bench', `profile-${name}-${contender}`);
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  const measured = await round({
    case: name,
    contender,
    ways: [way],
    scale: { warmCpuMs: 1000, measureMs: 5000, size: 1 },
    folder,
    repeats: 0,
    execArgv: ['--cpu-prof', `--cpu-prof-dir=${folder}`, '--cpu-prof-interval=250'],
  });
  const { figures, usage } = measured.get(way) as Round;
  const { figure } = caseOf(name);
  console.log(
    `${name}, ${contender}, ${way}: ${figure} ${figures[figure]?.toPrecision(4)} (slower than without a profile)`,
  );
  const files = readdirSync(folder).filter((file) => file.endsWith('.cpuprofile'));
  for (const [i, file] of files.sort().entries()) {
    console.log(`\n${i === 0 ? 'client' : 'server'}: ${join(folder, file)}`);
    for (const line of topFunctions(JSON.parse(readFileSync(join(folder, file), 'utf8')), usage.wallMs, root))
      console.log(line);
  }
}

/** Self time by function, most first, of what was measured: the start and the warm-up lie before it. */
function topFunctions(
  { nodes, samples, timeDeltas, startTime, endTime }: CpuProfile,
  measuredMs: number,
  root: string,
): string[] {
  const names = new Map(nodes.map(({ id, callFrame }) => [id, nameOf(callFrame, root)]));
  const times = new Map<string, number>();
  let now = startTime;
  samples.forEach((id, i) => {
    const us = timeDeltas[i] ?? 0;
    now += us;
    if (now < endTime - measuredMs * 1000) return;
    const name = names.get(id) ?? '?';
    times.set(name, (times.get(name) ?? 0) + us);
  });
  const idle = times.get('(idle)') ?? 0;
  times.delete('(idle)');
  const busy = [...times.values()].reduce((a, b) => a + b, 0);
  const rows = [...times]
    .sort(([, a], [, b]) => b - a)
    .slice(0, shown)
    .map(([name, us]) => {
      const share = ((us / busy) * 100).toFixed(1).padStart(6);
      return `${share} %  ${(us / 1000).toFixed(0).padStart(6)} ms  ${name}`;
    });
  return [`busy ${(busy / 1000).toFixed(0)} ms, idle ${(idle / 1000).toFixed(0)} ms`, ...rows];
}

function nameOf(
  { functionName, url, lineNumber }: CpuProfile['nodes'][number]['callFrame'],
  root: string,
): string {
  const name = functionName === '' ? '(anonymous)' : functionName;
  if (url === '') return name;
  return `${name}  ${url.replace(`file://${root}`, '').replace(/^.*node_modules\//, '')}:${lineNumber + 1}`;
}
