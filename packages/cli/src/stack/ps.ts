/** `kindred ps`: what runs, as a table. */
import type { Command } from 'commander';
import type { InstanceState, InstanceStatus, StackStatus } from 'kindred/supervisor';
import { teach } from '../help.ts';
import { lineOf } from '../json.ts';
import type { Format, Screen, Terminal } from '../terminal.ts';
import { withControl } from './asking.ts';
import { untilStopped } from './ending.ts';
import { countOf, durationOf, rateOf, shareOf, sizeOf } from './figures.ts';
import { looks } from './looks.ts';
import { type Column, cut, tableLines } from './table.ts';
import { addStackOptions, addTimeout, type StackFlags } from './which-stack.ts';

interface PsFlags extends StackFlags {
  watch?: boolean;
}

export function addPs(program: Command, terminal: Terminal): void {
  const command = program
    .command('ps')
    .summary('show what runs')
    .description(
      'Shows every instance of every service of the stack: its state, how long it has been up, how often it was restarted, what it needs.',
    )
    .option('--watch', 'look again every second')
    .action((flags: PsFlags) => ps(terminal, flags));
  addTimeout(addStackOptions(command, 'all that is known, as one line of JSON'));
  teach(command, {
    notes: [
      [
        'CPU is a share of one processor. Where the terminal is narrow, columns are',
        'left out: CALLS/S first, then CPU, MEMORY, RESTARTS and PID.',
      ],
    ],
    examples: [
      '$ kindred ps\nSERVICE  #   PID  STATE          UP  RESTARTS  CPU  MEMORY  CALLS/S\nweb      1  4711  ready       2h05m         0  12%  120 MB      431\nworker   1     -  backoff 3s      -         4    -       -        -',
      '$ kindred ps --json | jq -r \'.services[] | select(.state == "failed").service\'',
    ],
    exits: ['ok', 'failed', 'usage', 'notReachable', 'timedOut', 'interrupted', 'terminated'],
  });
}

async function ps(terminal: Terminal, flags: PsFlags): Promise<void> {
  if (flags.watch === true) return untilStopped(terminal, true, () => watch(terminal, flags));
  await withControl(flags, terminal, async (control) => show(terminal, flags, await control.status()));
}

async function show(terminal: Terminal, flags: PsFlags, status: StackStatus): Promise<void> {
  if (flags.json === true) return terminal.print(lineOf(status));
  for (const line of psLines(status, terminal.out)) await terminal.print(line);
  for (const line of remarksOf(status))
    terminal.tell(terminal.paint('yellow', cut(line, terminal.err.columns)));
}

async function watch(terminal: Terminal, flags: PsFlags): Promise<void> {
  const { out } = terminal;
  if (flags.json === true || !out.live) {
    for await (const status of looks(flags, terminal.stop)) await show(terminal, flags, status);
    return;
  }
  const { createLogUpdate } = await import('log-update');
  const draw = createLogUpdate(out.stream as NodeJS.WriteStream);
  try {
    for await (const status of looks(flags, terminal.stop)) {
      const lines = [...psLines(status, out), ...remarksOf(status).map((line) => out.paint('yellow', line))];
      // One line for what is hidden, one for the cursor.
      const room = Math.max(1, out.rows - 2);
      const hidden = lines.length - room;
      if (hidden > 0) lines.splice(room, hidden, `${hidden} more: kindred top scrolls`);
      draw(lines.map((line) => cut(line, out.columns)).join('\n'));
    }
  } finally {
    draw.done();
  }
}

export function psLines(status: StackStatus, screen: Screen, now: number = Date.now()): string[] {
  return tableLines(psColumns(screen, now), status.instances, screen.columns, (title) =>
    screen.paint('bold', title),
  );
}

export function psColumns({ paint }: Pick<Screen, 'paint'>, now: number): Column<InstanceStatus>[] {
  return [
    { title: 'SERVICE', text: ({ service }) => service, least: 8 },
    { title: '#', text: ({ instance }) => String(instance), align: 'right' },
    { title: 'PID', text: ({ pid }) => orDash(pid, String), align: 'right', dispensable: 1 },
    {
      title: 'STATE',
      text: (instance) => stateOf(instance, now),
      paint: (text, { state }) => {
        const format = stateFormats[state];
        return format === undefined ? text : paint(format, text);
      },
    },
    {
      title: 'UP',
      text: ({ pid, startedAt }) =>
        orDash(pid === undefined ? undefined : startedAt, (at) => durationOf(now - at)),
      align: 'right',
    },
    { title: 'RESTARTS', text: ({ restarts }) => String(restarts), align: 'right', dispensable: 2 },
    { title: 'CPU', text: ({ cpu }) => orDash(cpu, shareOf), align: 'right', dispensable: 4 },
    {
      title: 'MEMORY',
      text: ({ memoryBytes }) => orDash(memoryBytes, sizeOf),
      align: 'right',
      dispensable: 3,
    },
    {
      title: 'CALLS/S',
      text: ({ callsPerSecond }) => orDash(callsPerSecond, rateOf),
      align: 'right',
      dispensable: 5,
    },
  ];
}

/** With how long it is until the next start, where one is to come. */
function stateOf({ state, nextStartAt }: InstanceStatus, now: number): string {
  return nextStartAt === undefined ? state : `${state} ${durationOf(nextStartAt - now)}`;
}

export const stateFormats: Readonly<Record<InstanceState, Format | undefined>> = {
  waiting: 'dim',
  starting: 'cyan',
  ready: 'green',
  unhealthy: 'yellow',
  draining: 'cyan',
  stopping: 'cyan',
  backoff: 'yellow',
  stopped: 'dim',
  ended: 'dim',
  failed: 'red',
};

/** What the table does not show, and whoever looks should know. */
export function remarksOf({ name, services, brain }: StackStatus): string[] {
  const reloading = services.filter((service) => service.reloading === true).map(({ service }) => service);
  const failed = services.filter(({ state }) => state === 'failed').map(({ service }) => service);
  return [
    ...(reloading.length === 0 ? [] : [`${reloading.join(', ')}: a reload is going on`]),
    ...failed.map((service) => `${service} has failed: kindred why ${service}`),
    ...(brain.restarts === 0 ? [] : [`the brain of ${name} was restarted ${times(brain.restarts)}`]),
    ...(services.length === 0 ? [`${name} has no services`] : []),
  ];
}

function times(count: number): string {
  return count === 1 ? 'once' : countOf(count, 'time');
}

function orDash<T>(value: T | undefined, text: (value: T) => string): string {
  return value === undefined ? '-' : text(value);
}
