/** `kindred why`: what led to the state that a service is in. */
import type { Command } from 'commander';
import { teach } from '../help.ts';
import { lineOf } from '../json.ts';
import type { Terminal } from '../terminal.ts';
import { withControl } from './asking.ts';
import { timeOf } from './figures.ts';
import { shownText } from './shown-text.ts';
import { wrapped } from './table.ts';
import { addStackOptions, addTimeout, type StackFlags } from './which-stack.ts';

export function addWhy(program: Command, terminal: Terminal): void {
  const command = program
    .command('why')
    .summary('explain the state of a service')
    .description(
      'Tells in sentences what led to the last change of state of a service: the newest first, each with what it followed from.',
    )
    .argument('<SERVICE>', 'name of the service')
    .action((service: string, flags: StackFlags) => why(terminal, service, flags));
  addTimeout(addStackOptions(command, 'the causes as one line of JSON'));
  teach(command, {
    examples: [
      '$ kindred why worker\n12:00:09.120 worker.1 is in backoff: it is started again in 1.6 s.\n12:00:09.118 worker.1 ended with exit code 1, for the third time in 30 s.\n12:00:08.940 db.1 is unhealthy: tcp 127.0.0.1:5432 refused the connection.',
    ],
    exits: ['ok', 'failed', 'usage', 'notReachable', 'timedOut', 'interrupted', 'terminated'],
  });
}

async function why(terminal: Terminal, service: string, flags: StackFlags): Promise<void> {
  await withControl(flags, terminal, async (control) => {
    const causes = await control.why(service);
    if (flags.json === true) return terminal.print(lineOf(causes));
    if (causes.length === 0) return terminal.tell(`nothing has happened to ${service} yet`);
    const now = Date.now();
    for (const { at, text } of causes) {
      const time = timeOf(at, now);
      const room = terminal.out.columns - time.length - 1;
      const [first = '', ...more] = wrapped(shownText(text, { colours: false }), room, '');
      await terminal.print(`${terminal.out.paint('dim', time)} ${first}`);
      for (const line of more) await terminal.print(`${' '.repeat(time.length + 1)}${line}`);
    }
  });
}
