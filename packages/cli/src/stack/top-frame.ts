/** One frame of `top`: what stands on the screen, as a function of what is known. */

import type { InstanceStatus, StackStatus } from 'kindred/supervisor';
import type { Screen } from '../terminal.ts';
import { durationOf, rateOf, shareOf, sizeOf } from './figures.ts';
import { graphLines, peakOf } from './graph.ts';
import { psColumns, remarksOf } from './ps.ts';
import { type Column, cut, tableLines } from './table.ts';
import type { TopHistory, Totals } from './top-history.ts';

/** By the key that chooses it. */
export const orders = {
  s: 'service',
  c: 'cpu',
  m: 'memory',
  r: 'restarts',
} as const;

export type Order = (typeof orders)[keyof typeof orders];

export interface TopView {
  order: Order;
  /** Instances above the first one that is shown. */
  scrolled: number;
}

export interface TopFrame {
  lines: string[];
  /** `scrolled`, brought to where there is something. */
  scrolled: number;
}

/** The head, graphs where the screen is high enough, the table, and a line of keys: never more lines than the screen has. */
export function topFrame(
  status: StackStatus,
  history: TopHistory,
  view: TopView,
  screen: Pick<Screen, 'columns' | 'rows' | 'paint'>,
  now: number,
): TopFrame {
  const { columns, rows, paint } = screen;
  const head = headLines(status, columns, now, paint);
  const graphs = rows < 14 ? [] : graphRows(history, columns, rows < 24 ? 1 : 2, paint);
  const keys = paint(
    'dim',
    cut(
      `q quit   order: ${Object.entries(orders)
        .map(([key, order]) => `${key} ${order}`)
        .join(', ')}   up/down scroll`,
      columns,
    ),
  );
  // Beside what is above: the titles of the table, the keys, and the line that the cursor stands in.
  const room = Math.max(1, rows - head.length - graphs.length - 3);
  const ordered = inOrder(status.instances, view.order);
  const scrolled = Math.max(0, Math.min(view.scrolled, ordered.length - room));
  const table = tableLines(
    [...psColumns(screen, now), graphColumn(history)],
    ordered.slice(scrolled, scrolled + room),
    columns,
    (title) => paint('inverse', title.padEnd(columns)),
  );
  const lines = [...head, ...graphs, ...table];
  const filled = Array.from({ length: Math.max(0, rows - 2 - lines.length) }, () => '');
  const more = ordered.length - room - scrolled;
  const last = more > 0 ? `${keys}   ${paint('bold', `${more} more below`)}` : keys;
  return { lines: [...lines, ...filled, cut(last, columns)].slice(0, Math.max(1, rows - 1)), scrolled };
}

function headLines(status: StackStatus, columns: number, now: number, paint: Screen['paint']): string[] {
  const ready = status.instances.filter(({ state }) => state === 'ready').length;
  const { keeper, brain } = status;
  const parts = [
    paint('bold', status.name),
    `up ${durationOf(now - status.startedAt)}`,
    `${ready} of ${status.instances.length} ready`,
    `brain ${brain.pid}${brain.memoryBytes === undefined ? '' : ` ${sizeOf(brain.memoryBytes)}`}`,
    ...(keeper === undefined
      ? []
      : [`keeper ${keeper.pid}${keeper.memoryBytes === undefined ? '' : ` ${sizeOf(keeper.memoryBytes)}`}`]),
  ];
  const remarks = remarksOf(status);
  return [
    cut(parts.join('   '), columns),
    remarks.length === 0 ? '' : paint('yellow', cut(remarks.join('; '), columns)),
  ];
}

interface Graph {
  title: string;
  figure: (totals: Totals) => number;
  text: (figure: number) => string;
  /** What fills the height at least. */
  least: number;
  format: 'cyan' | 'magenta' | 'green';
}

const graphsShown: readonly Graph[] = [
  { title: 'CPU', figure: ({ cpu }) => cpu, text: shareOf, least: 1, format: 'cyan' },
  { title: 'MEMORY', figure: ({ memoryBytes }) => memoryBytes, text: sizeOf, least: 1, format: 'magenta' },
  {
    title: 'CALLS/S',
    figure: ({ callsPerSecond }) => callsPerSecond,
    text: rateOf,
    least: 1,
    format: 'green',
  },
];

/** With the last figure at the left, and the largest one that is shown below it. */
function graphRows(history: TopHistory, columns: number, height: number, paint: Screen['paint']): string[] {
  const label = 19;
  const width = columns - label;
  if (width < 10) return [];
  const rows = graphsShown.flatMap(({ title, figure, text, least, format }) => {
    const figures = history.totals.slice(-width).map(figure);
    const top = peakOf(figures, least);
    const last = text(figures.at(-1) ?? 0);
    const lines = graphLines(figures, { width, height, top });
    return lines.map((line, i) => {
      const said = i === 0 ? title.padEnd(8) + last.padStart(9) : `max ${text(top)}`.padStart(17);
      const shown = said.padEnd(label);
      return `${i === 0 ? shown : paint('dim', shown)}${paint(format, line)}`;
    });
  });
  return [...rows, ''];
}

function graphColumn(history: TopHistory): Column<InstanceStatus> {
  const width = 20;
  return {
    title: 'CPU, LAST 20 S'.padEnd(width),
    text: (instance) => {
      const figures = history.cpuOf(instance).slice(-width);
      return graphLines(figures, { width, top: peakOf(figures, 1) })[0] ?? '';
    },
    dispensable: 6,
  };
}

function inOrder(instances: readonly InstanceStatus[], order: Order): InstanceStatus[] {
  const figure = {
    service: () => 0,
    cpu: ({ cpu }: InstanceStatus) => cpu ?? -1,
    memory: ({ memoryBytes }: InstanceStatus) => memoryBytes ?? -1,
    restarts: ({ restarts }: InstanceStatus) => restarts,
  }[order];
  return order === 'service' ? [...instances] : [...instances].sort((a, b) => figure(b) - figure(a));
}
