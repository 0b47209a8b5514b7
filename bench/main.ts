// npm run bench                                   everything; writes docs/performance.md anew
// npm run bench -- --quick                        what a change of Kindred is measured by, in about two minutes
// npm run bench -- --check                        what the targets need; fails, naming each that is missed; one that is
//                                                 known to be out of reach is named, too, and held to what was reached
// npm run bench -- --case NAME --contender NAME   only these; both may be lists, a,b,c
//   --way pinned|free   --rounds N   --repeats N (of a disturbed round)   --json FILE
// npm run bench -- --profile CASE [--contender NAME]   where the time of both sides goes
// npm run bench -- --micro [WORD]                 one hot function at a time
// npm run bench -- --stacks [--reloads N] [--services N] [--rounds N] [--json FILE]   supervisors, beside PM2
// npm run bench -- --list                         the cases and the contenders
// npm run bench -- --document FILE                docs/performance.md from the JSON of an earlier run
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { type CaseName, caseOf, cases, type Way } from './cases.ts';
import { contenders } from './contenders.ts';
import { evaluate, type Verdict } from './measure/evaluate.ts';
import { createReport, type Report } from './measure/report.ts';
import { micro } from './micro.ts';
import { installPackages, needsPackages } from './packages.ts';
import { profile } from './profile.ts';
import { writeDocument } from './report/document.ts';
import { asText, caseTables, verdictTable } from './report/table.ts';
import { type Plan, run, waysOf } from './run.ts';
import { benchStacks } from './stacks/main.ts';
import { targets } from './targets.ts';

const { values: options, positionals } = parseArgs({
  options: {
    quick: { type: 'boolean', default: false },
    check: { type: 'boolean', default: false },
    case: { type: 'string', multiple: true, default: [] },
    contender: { type: 'string', multiple: true, default: [] },
    way: { type: 'string' },
    rounds: { type: 'string' },
    repeats: { type: 'string' },
    json: { type: 'string' },
    profile: { type: 'string' },
    stacks: { type: 'boolean', default: false },
    reloads: { type: 'string', default: '25' },
    services: { type: 'string', default: '200' },
    micro: { type: 'boolean', default: false },
    list: { type: 'boolean', default: false },
    document: { type: 'string' },
  },
  allowPositionals: true,
});
const asked = {
  cases: options.case.flatMap((names) => names.split(',')) as CaseName[],
  contenders: options.contender.flatMap((names) => names.split(',')),
};

const everyCase = Object.keys(cases) as CaseName[];
const root = fileURLToPath(new URL('..', import.meta.url));
const interrupt = new AbortController();
process.once('SIGINT', () => interrupt.abort());
process.once('SIGTERM', () => interrupt.abort());

try {
  await main();
} catch (error) {
  console.error(interrupt.signal.aborted ? 'interrupted' : error);
  process.exitCode = 1;
}

async function main(): Promise<void> {
  if (options.list) list();
  else if (options.stacks)
    await benchStacks(
      {
        reloads: Number(options.reloads),
        services: Number(options.services),
        rounds: Number(options.rounds ?? 2),
      },
      options.json,
    );
  else if (options.micro) await micro(positionals[0] ?? '');
  else if (options.document !== undefined)
    writeDocument(root, JSON.parse(readFileSync(options.document, 'utf8')));
  else if (options.profile !== undefined) {
    const [contender = 'kindred'] = asked.contenders;
    if (needsPackages(contender)) installPackages();
    await profile(caseNamed(options.profile), contender, options.way === 'pinned' ? 'pinned' : 'free');
  } else await measure();
}

async function measure(): Promise<void> {
  const plan = planOf();
  if (plan.cases.some(({ contenders }) => contenders.some(needsPackages))) installPackages();
  const results = await run(plan, (line) => console.error(line), interrupt.signal);
  const report = createReport(results);
  const verdicts = evaluate(targets, results).filter(
    (verdict) => verdict.state !== 'open' || isPlanned(verdict, plan),
  );
  for (const table of caseTables(results)) console.log(`${asText(table)}\n`);
  if (verdicts.length > 0) console.log(asText(verdictTable(verdicts)));
  save(report, options.json ?? `${root}.cache/bench/last.json`);
  if (isWhole()) writeDocument(root, report);

  const missed = verdicts.filter(({ state }) => state === 'missed' || state === 'open');
  const short = verdicts.filter(({ state }) => state === 'short');
  const failed = results.filter(({ failure }) => failure !== undefined);
  for (const { case: name, contender, failure } of failed)
    console.error(`${name}: ${contender} failed: ${failure}`);
  if (!options.check) return;
  console.log(
    `\n${verdicts.length - missed.length - short.length} passed, ${missed.length} failed, ${short.length} out of reach`,
  );
  for (const { target, way } of short)
    console.error(`short: ${target} (${way}): docs/performance.md says what stands in the way`);
  for (const { target, way, state } of missed) console.error(`${state}: ${target} (${way})`);
  if (missed.length + failed.length > 0) process.exitCode = 1;
}

/** What it needs was to be measured: where it is open all the same, something failed. */
function isPlanned({ demand, way }: Verdict, plan: Plan): boolean {
  return [demand.of, demand.over, demand.minus].every(
    (term) =>
      term === undefined ||
      (waysOf(term.case, plan).includes(way) &&
        plan.cases.some(
          ({ case: name, contenders }) => name === term.case && contenders.includes(term.contender),
        )),
  );
}

/** Everything was measured as it should be: nothing was asked for on the command line. */
function isWhole(): boolean {
  const { quick, check, way, rounds } = options;
  return (
    !quick &&
    !check &&
    way === undefined &&
    rounds === undefined &&
    asked.cases.length + asked.contenders.length === 0
  );
}

function planOf(): Plan {
  const { quick, way } = options;
  const selected = (
    asked.cases.length > 0
      ? asked.cases.map(caseNamed)
      : everyCase.filter((name) => !quick || !caseOf(name).slow)
  )
    .map((name) => ({ case: name, contenders: contendersOf(name) }))
    .filter(({ contenders }) => contenders.length > 0);
  if (selected.length === 0) throw new Error('no case has these contenders: see npm run bench -- --list');
  return {
    cases: selected,
    // A quick look is pinned where a case can be: so it is least noisy.
    ways: way !== undefined ? [way as Way] : quick ? [] : ['pinned', 'free'],
    rounds: Number(options.rounds ?? (quick ? 2 : 5)),
    repeats: Number(options.repeats ?? (quick ? 1 : 2)),
    scale: quick
      ? { warmCpuMs: 600, measureMs: 300, size: 0.1 }
      : { warmCpuMs: 1500, measureMs: 700, size: 1 },
  };
}

/** Of the subjects of a case: those asked for; for a check those of the targets; for a quick look, few. */
function contendersOf(name: CaseName): string[] {
  const { subjects } = caseOf(name);
  if (asked.contenders.length > 0) return subjects.filter((subject) => asked.contenders.includes(subject));
  const { check, quick } = options;
  if (!check && !quick) return [...subjects];
  const needed = targets
    .flatMap(({ demands }) => demands.flatMap(({ of, over, minus }) => [of, over, minus]))
    .filter((term) => term?.case === name)
    .map((term) => term?.contender);
  return subjects.filter((subject) => needed.includes(subject) && (check || !needsPackages(subject)));
}

function caseNamed(name: string): CaseName {
  caseOf(name);
  return name as CaseName;
}

function list(): void {
  for (const [name, { title, subjects }] of Object.entries(cases))
    console.log(`${name.padEnd(18)} ${title}\n${' '.repeat(19)}${subjects.join(' ')}`);
  console.log();
  for (const [name, { title }] of Object.entries(contenders))
    console.log(`${name.padEnd(22)} ${title.replaceAll(/[*`]/g, '')}`);
}

function save(report: Report, file: string): void {
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, `${JSON.stringify(report)}\n`);
}
