/** Results as tables of text: for the terminal, and as Markdown for the document. */
import { type CaseName, caseOf, type Way } from '../cases.ts';
import { contenders } from '../contenders.ts';
import type { Verdict } from '../measure/evaluate.ts';
import { type Result, spreadOf, valuesOf } from '../measure/report.ts';
import { giveOrTake, type Spread, spread } from '../measure/statistics.ts';

export interface Table {
  title: string;
  head: readonly string[];
  rows: readonly (readonly string[])[];
}

/** Figures in which less is better. */
const lessIsBetter = /(Us|Ms|KiBEach|Messages|GrowthMiB|PerMiB|PeakMiB)$/;

/** One case measured one way: the figure that stands for it, its ratio to the baseline, and what both sides spent. */
export function caseTable(name: CaseName, way: Way, results: readonly Result[]): Table {
  const { title, figure, subjects } = caseOf(name);
  const found = results.filter((result) => result.case === name && result.way === way);
  const baseline = subjects[0] as string;
  const isCompared = found.length > 1 && found.some(({ contender }) => contender === baseline);
  const figures = columnsOf(found, figure);
  const rows = found
    .map((result) => {
      const value = (wanted: string): Spread =>
        spreadOf(results, { case: name, way, contender: result.contender, figure: wanted });
      const ratio = spread(
        divided(
          valuesOf(results, { case: name, way, contender: result.contender, figure }),
          valuesOf(results, { case: name, way, contender: baseline, figure }),
        ),
      );
      const cells = [
        titleOf(result.contender),
        ...(result.failure === undefined
          ? [withSpread(value(figure)), isCompared ? shortNumber(ratio.median) : '']
          : ['failed', '']),
        ...figures.map((each) => shortNumber(value(each).median)),
        disturbance(result),
      ];
      return { cells, order: value(figure).median * (lessIsBetter.test(figure) ? 1 : -1) };
    })
    .sort((a, b) => (Number.isNaN(a.order) ? 1 : Number.isNaN(b.order) ? -1 : a.order - b.order))
    .map(({ cells }) => cells);
  return {
    title: `${title}${way === 'pinned' ? ', both sides on one processor' : ''}`,
    head: [
      '',
      words[figure] ?? figure,
      isCompared ? `x ${baseline}` : '',
      ...figures.map((name) => words[name] ?? name),
      '',
    ],
    rows,
  };
}

const stateWords: Record<Verdict['state'], string> = {
  met: 'met',
  short: 'short of it',
  missed: 'MISSED',
  open: 'open',
};

export function verdictTable(verdicts: readonly Verdict[]): Table {
  return {
    title: 'Targets',
    head: ['', '', 'target', 'measured', 'spread', ''],
    rows: verdicts.map(({ target, way, state, demand, value, disturbed }) => [
      target,
      way,
      `${demand.atMost === undefined ? '>=' : '<='} ${shortNumber(demand.atMost ?? demand.atLeast ?? 0)} ${demand.unit}`,
      state === 'open' ? 'not measured' : shortNumber(value.median),
      state === 'open' ? '' : `${shortNumber(value.least)} to ${shortNumber(value.most)}`,
      `${stateWords[state]}${disturbed ? ', disturbed' : ''}`,
    ]),
  };
}

export function asText({ title, head, rows }: Table): string {
  const plain = [head, ...rows].map((row) => row.map((cell) => cell.replaceAll(/[*`]/g, '')));
  const widths = head.map((_, column) => Math.max(...plain.map((row) => (row[column] ?? '').length)));
  const lines = plain.map((row) =>
    row
      .map((cell, i) => (i === 0 ? cell.padEnd(widths[i] ?? 0) : cell.padStart(widths[i] ?? 0)))
      .join('  ')
      .trimEnd(),
  );
  return [title, ...lines.map((line) => `  ${line}`)].join('\n');
}

export function asMarkdown({ title, head, rows }: Table): string {
  const line = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`;
  return [
    `**${title}**`,
    '',
    line(head),
    line(head.map((_, i) => (i === 0 ? '---' : '--:'))),
    ...rows.map(line),
  ].join('\n');
}

/** Three digits, with k and M: 1234567 is `1.23 M`. */
export function shortNumber(value: number): string {
  if (Number.isNaN(value)) return '';
  const size = Math.abs(value);
  if (size >= 999_500) return `${digits(value / 1e6)} M`;
  if (size >= 9_995) return `${digits(value / 1e3)} k`;
  return digits(value);
}

function digits(value: number): string {
  const size = Math.abs(value);
  return value.toFixed(size >= 99.95 ? 0 : size >= 9.995 ? 1 : 2);
}

function withSpread(value: Spread): string {
  const share = giveOrTake(value);
  return value.of < 2
    ? shortNumber(value.median)
    : `${shortNumber(value.median)} ±${Math.round(share * 100)}%`;
}

function disturbance({ rounds }: Result): string {
  const count = rounds.filter(({ disturbed }) => disturbed).length;
  return count === 0 ? '' : `${count} of ${rounds.length} disturbed`;
}

/** What is told besides the main figure: what of `words` was measured and does not say the same once more. */
function columnsOf(results: readonly Result[], main: string): string[] {
  const known = new Set(
    results.flatMap(({ rounds }) => rounds.flatMap(({ figures }) => Object.keys(figures))),
  );
  return Object.keys(words).filter((name) => known.has(name) && name !== main && !/Second$/.test(name));
}

/** What a figure is called above its column; all that a table can show. */
const words: Readonly<Record<string, string>> = {
  callsPerSecond: 'calls/s',
  callsPerCpuSecond: 'calls/cpu s',
  notesPerSecond: 'notes/s',
  itemsPerSecond: 'items/s',
  MiBPerSecond: 'MiB/s',
  msPerMiB: 'ms/MiB',
  startMs: 'ms',
  pingMostMs: 'longest ping, ms',
  serverKiBEach: 'server, KiB each',
  p50Us: 'p50, µs',
  p99Us: 'p99, µs',
  clientCpuUs: 'client cpu, µs',
  serverCpuUs: 'server cpu, µs',
  cpuUsPerMiB: 'cpu, µs/MiB',
  clientPeakMessages: 'client, messages',
  serverPeakMessages: 'server, messages',
  clientGrowthMiB: 'client growth, MiB',
  serverGrowthMiB: 'server growth, MiB',
  clientKiBEach: 'client, KiB each',
  frameMs: 'frame, ms',
  peakMiB: 'peak, MiB',
  pingP50Ms: 'ping p50, ms',
  callMostMs: 'longest call, ms',
  resultMs: 'the result, ms',
  clientPeakMiB: 'client peak, MiB',
  serverPeakMiB: 'server peak, MiB',
};

function titleOf(contender: string): string {
  return (contenders as Record<string, { title: string }>)[contender]?.title ?? contender;
}

function divided(values: readonly number[], by: readonly number[]): number[] {
  return values.slice(0, by.length).map((value, i) => value / (by[i] as number));
}

/** All tables of a run, case after case, way after way. */
export function caseTables(results: readonly Result[]): Table[] {
  const seen = new Set<string>();
  return results.flatMap(({ case: name, way }) => {
    const key = `${name} ${way}`;
    if (seen.has(key)) return [];
    seen.add(key);
    return [caseTable(name as CaseName, way, results)];
  });
}
