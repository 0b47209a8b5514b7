/** The generated part of docs/performance.md: machine, targets, tables and plots, all of one run. */
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { shares } from '../cases/calls.ts';
import type { Way } from '../cases.ts';
import { evaluate } from '../measure/evaluate.ts';
import { find, type Report, type Result, spreadOf } from '../measure/report.ts';
import { spread } from '../measure/statistics.ts';
import { targets } from '../targets.ts';
import { type Chart, lineChart, type Series } from './plot.ts';
import { asMarkdown, caseTables, verdictTable } from './table.ts';

const begin = '<!-- figures: written by `npm run bench` -->';
const end = '<!-- figures: end -->';
const shown = ['kindred', 'bare', 'bare-batched', 'fork', 'birpc-fork'];

/** Writes the figures between their marks, and leaves what stands around them as it is. */
export function writeDocument(root: string, report: Report): void {
  const file = join(root, 'docs', 'performance.md');
  const plots = join(root, 'docs', 'performance');
  mkdirSync(plots, { recursive: true });
  writeFileSync(join(plots, 'results.json'), `${JSON.stringify(report)}\n`);
  const images = Object.entries(charts(report.results)).map(([name, chart]) => {
    writeFileSync(join(plots, `${name}.svg`), lineChart(chart));
    return `![${chart.title}](performance/${name}.svg)`;
  });
  const before = existsSync(file) ? readFileSync(file, 'utf8') : `# Performance\n\n${begin}\n${end}\n`;
  const [head = '', rest = ''] = before.split(begin);
  const [, tail = '\n'] = rest.split(end);
  writeFileSync(file, `${head}${begin}\n\n${figures(report, images)}\n\n${end}${tail}`);
}

function figures({ at, machine, results }: Report, images: readonly string[]): string {
  const rounds = results.flatMap((result) => result.rounds);
  const disturbed = rounds.filter((round) => round.disturbed).length;
  const each = Math.max(0, ...results.map((result) => result.rounds.length));
  return [
    `Measured on ${at.slice(0, 10)} at commit ${machine.commit}: ${machine.processors} processors (${machine.processor}), ${machine.memoryGiB} GiB, ${machine.kernel}, Node.js ${machine.node}. ${rounds.length} rounds, ${each} of each contender in each case, ${disturbed === 0 ? 'none' : `${disturbed}`} of them disturbed by other work. [All figures](performance/results.json).`,
    asMarkdown(verdictTable(evaluate(targets, results).filter(({ state }) => state !== 'open'))),
    ...images,
    ...caseTables(results).map(asMarkdown),
  ].join('\n\n');
}

function charts(results: readonly Result[]): Record<string, Chart> {
  const all: Record<string, Chart> = {};
  for (const way of ['pinned', 'free'] as const) {
    const where = way === 'pinned' ? 'both sides on one processor' : 'on all processors';
    all[`in-flight-${way}`] = {
      title: `Calls a second by calls in flight, ${where}`,
      x: { label: 'calls in flight', log: true, ticks: [1, 4, 16, 64, 256, 1024], say: String },
      y: { label: 'calls a second', log: true },
      series: overCases(results, way, 'callsPerSecond', {
        latency: 1,
        'calls-4': 4,
        'calls-16': 16,
        'calls-64': 64,
        'calls-256': 256,
        'calls-1024': 1024,
      }),
    };
    all[`latency-${way}`] = {
      title: `Time of one call at a time, ${where}`,
      // Each further nine of the share gets the same room.
      x: {
        label: 'share of calls that took no longer, %',
        ticks: [0, 0.5, 0.9, 0.99, 0.999].map(nines),
        say: (place) => String(Number((100 * (1 - 10 ** -place)).toFixed(1))),
      },
      y: { label: 'µs', log: true },
      series: shown.map((contender) => latencies(results, way, contender)),
    };
    all[`size-${way}`] = {
      title: `Processor time of a call by its size, 64 in flight, ${where}`,
      x: { label: 'bytes as JSON', log: true, ticks: [64, 1024, 8192, 65_536], say: String },
      y: { label: 'µs of both sides', log: true },
      series: overCases(results, way, 'cpuUs', {
        'calls-64': 64,
        'objects-1k': 1024,
        'objects-8k': 8192,
        'objects-64k': 65_536,
      }),
    };
    all[`connections-${way}`] = {
      title: `Calls a processor second by connections, ${where}`,
      x: {
        label: 'connections, 16 calls in flight on each',
        log: true,
        ticks: [1, 10, 100, 1000],
        say: String,
      },
      y: { label: 'calls a processor second' },
      series: overCases(results, way, 'callsPerCpuSecond', {
        'connections-1': 1,
        'connections-10': 10,
        'connections-100': 100,
        'connections-1000': 1000,
      }),
    };
  }
  return Object.fromEntries(
    Object.entries(all).filter(([, { series }]) => series.some(({ points }) => points.length > 0)),
  );
}

function overCases(
  results: readonly Result[],
  way: Way,
  figure: string,
  places: Readonly<Record<string, number>>,
): Series[] {
  return shown.map((contender) => ({
    label: contender,
    points: Object.entries(places)
      .map(([name, x]) => ({ x, y: spreadOf(results, { case: name, way, contender, figure }).median }))
      .filter(({ y }) => !Number.isNaN(y)),
  }));
}

function latencies(results: readonly Result[], way: Way, contender: string): Series {
  const rounds = find(results, { case: 'latency', way, contender })?.rounds ?? [];
  const curves = rounds.flatMap(({ curve }) => (curve === undefined ? [] : [curve]));
  return {
    label: contender,
    points:
      curves.length === 0
        ? []
        : shares.map((share, i) => ({
            x: nines(share),
            y: spread(curves.map((curve) => curve[i] as number)).median,
          })),
  };
}

function nines(share: number): number {
  return -Math.log10(1 - share);
}
