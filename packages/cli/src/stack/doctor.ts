/** `kindred doctor`: what on this machine stands in the way of a stack, each with its mend. */
import type { Command } from 'commander';
import { teach } from '../help.ts';
import { lineOf } from '../json.ts';
import type { Format, Terminal } from '../terminal.ts';
import { type Finding, findings, type Level } from './findings.ts';
import { GivenUp } from './progress.ts';
import { wrapped } from './table.ts';

interface DoctorFlags {
  json?: boolean;
  verbose?: boolean;
}

export function addDoctor(program: Command, terminal: Terminal): void {
  const command = program
    .command('doctor')
    .summary('find what stands in the way of a stack')
    .description(
      'Looks at this machine: the version of Node.js, PID 1, cgroups, limits, the runtime directory and stale sockets in it, permissions, helper programs. Each finding has its mend. Changes nothing.',
    )
    .option('--json', 'each finding as one line of JSON')
    .option('--verbose', 'show the stacks of errors')
    .action((flags: DoctorFlags) => doctor(terminal, flags));
  teach(command, {
    notes: [['Exit code 1 says that something is broken; what is only worth knowing is none.']],
    examples: [
      '$ kindred doctor\nok    Node.js      24.21.0\nnote  cgroup       /sys/fs/cgroup/user.slice is not delegated to this user\n                   a memory limit for a whole service is not possible: Delegate=yes ...',
    ],
    exits: ['ok', 'failed', 'usage'],
  });
}

const formats: Readonly<Record<Level, Format>> = { ok: 'green', note: 'yellow', broken: 'red' };

async function doctor(terminal: Terminal, flags: DoctorFlags): Promise<void> {
  const found = await findings();
  for (const finding of found)
    for (const line of flags.json === true ? [lineOf(finding)] : linesOf(finding, terminal))
      await terminal.print(line);
  const broken = found.filter(({ level }) => level === 'broken');
  if (broken.length > 0) throw new GivenUp(`not in order: ${broken.map(({ about }) => about).join(', ')}`);
}

const aboutWidth = 18;

function linesOf({ level, about, text, mend }: Finding, { out }: Terminal): string[] {
  const indent = ' '.repeat(8 + aboutWidth);
  const room = Math.max(30, out.columns - indent.length);
  const [first = '', ...more] = wrapped(text, room, '');
  return [
    `${out.paint(formats[level], level.padEnd(7))} ${about.padEnd(aboutWidth)}${first}`,
    ...more.map((line) => indent + line),
    ...(mend === undefined ? [] : wrapped(`-> ${mend}`, room, '   ').map((line) => indent + line)),
  ];
}
