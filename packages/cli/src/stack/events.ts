/** `kindred events`: what has happened in a stack. */
import type { Command } from 'commander';
import type { StackEvent } from 'kindred/supervisor';
import { teach } from '../help.ts';
import { lineOf } from '../json.ts';
import type { Screen, Terminal } from '../terminal.ts';
import { withControl } from './asking.ts';
import { untilStopped } from './ending.ts';
import { timeOf, toMoment } from './figures.ts';
import { followEvents } from './follow.ts';
import { placeOf } from './progress.ts';
import { stateFormats } from './ps.ts';
import { shownText } from './shown-text.ts';
import { addStackOptions, type StackFlags } from './which-stack.ts';

interface EventsFlags extends StackFlags {
  follow?: boolean;
  since?: number;
}

export function addEvents(program: Command, terminal: Terminal): void {
  const command = program
    .command('events')
    .summary('show what has happened')
    .description(
      'Shows what has happened in the stack, and why: changes of state, exits, health, reloads, what was asked of it. The last 1000 events are kept.',
    )
    .argument('[SERVICE...]', 'only those of these services; default: all')
    .option('--follow', 'go on with what happens from now on, until Ctrl-C')
    .option('--since <TIME>', 'from then on: 90s, 10m, 2h30m or 1d ago, or 2026-01-31T12:00', toMoment)
    .action((services: string[], flags: EventsFlags) => events(terminal, services, flags));
  addStackOptions(command, 'each event as one line of JSON, with its number and that of its cause');
  teach(command, {
    examples: [
      '$ kindred events worker\n12:00:07.003 worker.1  exit     ended with exit code 1\n12:00:07.004 worker.1  backoff  is started again in 200 ms',
      '$ kindred events --follow --json',
    ],
    exits: ['ok', 'failed', 'usage', 'notReachable'],
  });
}

async function events(terminal: Terminal, services: readonly string[], flags: EventsFlags): Promise<void> {
  const { json, follow = false, since = 0 } = flags;
  await untilStopped(terminal, follow, async () => {
    if (services.length > 0) await refuseUnknown(terminal, services, flags);
    const show = eventShower(terminal.out);
    for await (const event of followEvents(flags, { follow }, terminal.stop)) {
      if (event.at < since) continue;
      if (services.length > 0 && !services.includes(event.service ?? '')) continue;
      await terminal.print(json === true ? lineOf(event) : show(event));
    }
  });
}

/** What was taken out of the config may still have events. */
async function refuseUnknown(
  terminal: Terminal,
  services: readonly string[],
  flags: EventsFlags,
): Promise<void> {
  await withControl(flags, terminal, async (control) => {
    const known = (await control.status()).services.map(({ service }) => service);
    let unknown = services.filter((name) => !known.includes(name));
    if (unknown.length === 0) return;
    for await (const { service } of await control.events({}))
      unknown = unknown.filter((name) => name !== service);
    if (unknown.length > 0)
      throw new Error(
        `there is no service ${unknown.map((name) => JSON.stringify(name)).join(', ')}: there are ${known.join(', ')}`,
      );
  });
}

/** Lines for people: when, where, what, and how it is told. */
export function eventShower(screen: Screen): (event: StackEvent, now?: number) => string {
  let wide = 8;
  return (event, now = Date.now()) => {
    const place = placeOf(event) || '-';
    wide = Math.max(wide, place.length);
    const kind = event.state ?? event.kind;
    const format = event.state === undefined ? undefined : stateFormats[event.state];
    const padded = kind.padEnd(9);
    return [
      screen.paint('dim', timeOf(event.at, now)),
      place.padEnd(wide),
      format === undefined ? padded : screen.paint(format, padded),
      shownText(textBeside(place, event.text), { colours: false }),
    ].join(' ');
  };
}

/** Sentences begin with the place where they stand alone. */
export function textBeside(place: string, text: string): string {
  return text.startsWith(`${place} `) ? text.slice(place.length + 1) : text;
}
