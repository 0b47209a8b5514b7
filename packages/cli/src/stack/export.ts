/** `kindred export`: the stack in the words of another supervisor. */
import { realpathSync, writeFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { Argument, type Command, Option } from 'commander';
import { teach } from '../help.ts';
import { lineOf } from '../json.ts';
import type { Terminal } from '../terminal.ts';
import { UsageError } from '../usage.ts';
import { unitsOf } from './systemd-units.ts';
import { addStackOptions, readStack, type StackFlags } from './which-stack.ts';

interface ExportFlags extends StackFlags {
  output?: string;
  user?: string;
  of?: 'system' | 'user';
}

const scopes = ['system', 'user'] as const;

export function addExport(program: Command, terminal: Terminal): void {
  const command = program
    .command('export')
    .summary('write units for systemd')
    .description(
      'Writes units with which systemd starts the stack at boot, opens its listeners before it, and starts it again when it does not answer any more.',
    )
    .addArgument(new Argument('<FORM>', 'for what').choices(['systemd']))
    .option('--output <FOLDER>', 'write the units there; default: they are printed')
    .addOption(
      new Option(
        '--of <WHOM>',
        'units of the system or of this user; default: of the system for root',
      ).choices(scopes),
    )
    .option('--user <NAME>', 'the user that the stack runs as; for units of the system')
    .action((_form: 'systemd', flags: ExportFlags) => exportUnits(terminal, flags));
  addStackOptions(command, 'each unit as one line of JSON: file, text');
  teach(command, {
    examples: [
      '$ sudo kindred export systemd --output /etc/systemd/system --user shop\n$ sudo systemctl daemon-reload\n$ sudo systemctl enable --now kindred-shop.service',
      '$ kindred export systemd --of user --output ~/.config/systemd/user',
    ],
    exits: ['ok', 'failed', 'usage'],
  });
}

async function exportUnits(terminal: Terminal, flags: ExportFlags): Promise<void> {
  const of = flags.of ?? (process.geteuid?.() === 0 ? 'system' : 'user');
  if (of === 'user' && flags.user !== undefined)
    throw new UsageError('--user is for units of the system: say --of system, and install them as root');
  const { name, file, listeners } = await readStack(flags);
  const units = unitsOf({
    name,
    config: file,
    directory: dirname(file),
    command: ownCommand(),
    listeners: Object.values(listeners),
    user: flags.user,
    of,
  });
  for (const unit of units) {
    if (flags.output !== undefined) {
      const path = join(resolve(flags.output), unit.file);
      writeFileSync(path, unit.text);
      terminal.tell(`written: ${path}`);
    } else if (flags.json === true) await terminal.print(lineOf(unit));
    else await terminal.print(`# ${unit.file}\n${unit.text}`);
  }
}

/** What starts this command again, by absolute paths. */
function ownCommand(): string[] {
  return [process.execPath, ...process.execArgv, realpathSync(process.argv[1] ?? '')];
}
