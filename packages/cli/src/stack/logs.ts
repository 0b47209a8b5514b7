/** `kindred logs`: what the services have written. */
import type { Command } from 'commander';
import type { LogRecord, LogRequest } from 'kindred/supervisor';
import { teach } from '../help.ts';
import { lineOf } from '../json.ts';
import { toCount } from '../options.ts';
import type { Format, Screen, Terminal } from '../terminal.ts';
import { UsageError } from '../usage.ts';
import { untilStopped } from './ending.ts';
import { timeOf, toMoment } from './figures.ts';
import { followLogs } from './follow.ts';
import { shownText } from './shown-text.ts';
import { addStackOptions, type StackFlags } from './which-stack.ts';

interface LogsFlags extends StackFlags {
  follow?: boolean;
  since?: number;
  grep?: string;
  tail?: number;
}

/** Lines, where nothing says which. */
const defaultTail = 100;

export function addLogs(program: Command, terminal: Terminal): void {
  const command = program
    .command('logs')
    .summary('show what services have written')
    .description('Shows the lines of the logs of all services, or of some, in the order of time.')
    .argument('[SERVICE...]', 'names of services; default: all')
    .option('--follow', 'go on with what is written from now on, until Ctrl-C')
    .option('--since <TIME>', 'from then on: 90s, 10m, 2h30m or 1d ago, or 2026-01-31T12:00', toMoment)
    .option('--grep <PATTERN>', 'only lines that match this regular expression', toPattern)
    .option(
      '--tail <N>',
      `the last so many lines; default ${defaultTail}, with --since or --grep all`,
      toCount,
    )
    .action((services: string[], flags: LogsFlags) => logs(terminal, services, flags));
  addStackOptions(command, 'each line as JSON: at (milliseconds since 1970), log, stream, text');
  teach(command, {
    notes: [
      [
        'Behind the name of the log stands | for stdout, ! for stderr, and ~ for what the',
        'logger has to say itself.',
      ],
    ],
    examples: [
      '$ kindred logs web --tail 2\n12:00:01.250 web.1 | listening at 8080\n12:00:07.003 web.2 ! slow query, 812 ms',
      "$ kindred logs --since 10m --grep 'timeout|ECONN'",
      '$ kindred logs worker --follow --json',
    ],
    exits: ['ok', 'failed', 'usage', 'notReachable'],
  });
}

async function logs(terminal: Terminal, services: readonly string[], flags: LogsFlags): Promise<void> {
  const { json, follow = false, since, grep } = flags;
  const all = since !== undefined || grep !== undefined;
  const query: LogRequest = {
    follow,
    ...(services.length === 0 ? {} : { services }),
    ...(since === undefined ? {} : { since }),
    ...(grep === undefined ? {} : { grep }),
    ...(flags.tail === undefined && all ? {} : { tail: flags.tail ?? defaultTail }),
  };
  await untilStopped(terminal, follow, async () => {
    const show = logShower(terminal.out);
    for await (const record of followLogs(flags, query, terminal.stop))
      await terminal.print(json === true ? lineOf(record) : show(record));
  });
}

/** A line of a log, or of what the stack itself has done. */
export type Shown = Omit<LogRecord, 'stream'> & { stream: LogRecord['stream'] | 'event' };

/** Lines for people: every log gets a colour of its own, and the names stand in one column. */
export function logShower(screen: Screen): (line: Shown, now?: number) => string {
  const seen = new Map<string, Format>();
  let wide = 0;
  const colours = screen.live && screen.paint('red', 'x') !== 'x';
  const marks = {
    out: '|',
    err: screen.paint('red', '!'),
    note: screen.paint('yellow', '~'),
    event: screen.paint('bold', '*'),
  } as const;
  return ({ at, log, stream, text }, now = Date.now()) => {
    const format = seen.get(log) ?? palette[seen.size % palette.length] ?? 'cyan';
    seen.set(log, format);
    wide = Math.max(wide, log.length);
    const shown = shownText(text, { colours });
    return [
      screen.paint('dim', timeOf(at, now)),
      screen.paint(format, log.padEnd(wide)),
      marks[stream],
      stream === 'event' ? screen.paint('dim', shown) : shown,
    ].join(' ');
  };
}

const palette = ['cyan', 'green', 'magenta', 'blue', 'yellow'] as const satisfies readonly Format[];

function toPattern(source: string): string {
  try {
    new RegExp(source);
    return source;
  } catch (error) {
    throw new UsageError(
      `--grep ${JSON.stringify(source)} is no regular expression: ${error instanceof Error ? error.message : String(error)}`,
    );
  }
}
