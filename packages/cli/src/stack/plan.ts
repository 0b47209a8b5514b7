/** `kindred plan`: what `apply` would change. */
import type { Command } from 'commander';
import type { Change } from 'kindred/supervisor';
import { teach } from '../help.ts';
import { lineOf } from '../json.ts';
import type { Format, Terminal } from '../terminal.ts';
import { withControl } from './asking.ts';
import { shownText } from './shown-text.ts';
import { addStackOptions, addTimeout, type StackFlags } from './which-stack.ts';

export function addPlan(program: Command, terminal: Terminal): void {
  const command = program
    .command('plan')
    .summary('show what apply would change')
    .description(
      'Compares the running stack with what its config says now: services, instances, names of environment variables, listeners. Changes nothing. A wrong config is refused, with all its mistakes.',
    )
    .action((flags: StackFlags) => plan(terminal, flags));
  addTimeout(addStackOptions(command, 'the changes as one line of JSON'));
  teach(command, {
    examples: [
      '$ kindred plan\n+ service  mailer\n~ service  web     replaced, because its command has changed\n~ scale    worker  2 -> 4 instances\n~ env      api     + TOKEN, - DEBUG, ~ LEVEL\n+ listener admin',
      '$ kindred plan --json | jq length',
    ],
    exits: ['ok', 'failed', 'usage', 'notReachable', 'timedOut', 'interrupted', 'terminated'],
  });
}

async function plan(terminal: Terminal, flags: StackFlags): Promise<void> {
  await withControl(flags, terminal, async (control) => {
    const changes = await control.plan();
    if (flags.json === true) return terminal.print(lineOf(changes));
    if (changes.length === 0) return terminal.tell('nothing would change');
    const wide = Math.max(...changes.map((change) => nameOf(change).length));
    for (const change of changes) {
      const { mark, what, how } = told(change);
      const name = shownText(how === '' ? nameOf(change) : nameOf(change).padEnd(wide), { colours: false });
      const line = `${what.padEnd(8)} ${name}${how === '' ? '' : `  ${shownText(how, { colours: false })}`}`;
      await terminal.print(`${terminal.out.paint(marks[mark], mark)} ${line}`);
    }
  });
}

type Mark = '+' | '-' | '~';

const marks: Readonly<Record<Mark, Format>> = { '+': 'green', '-': 'red', '~': 'yellow' };
const markOf = { add: '+', remove: '-', replace: '~', move: '~', settings: '~', change: '~' } as const;

function nameOf(change: Change): string {
  switch (change.kind) {
    case 'listener':
      return change.listener;
    case 'group':
      return change.group;
    default:
      return change.service;
  }
}

function told(change: Change): { mark: Mark; what: string; how: string } {
  switch (change.kind) {
    case 'add':
    case 'remove':
    case 'replace':
    case 'settings': {
      const because = change.because.map((each) => sentenceOf(change.kind, each)).join(', ');
      return { mark: markOf[change.kind], what: 'service', how: howOf(change.kind, because) };
    }
    case 'scale':
      return {
        mark: '~',
        what: 'scale',
        how: `${change.from} -> ${change.to} ${change.to === 1 ? 'instance' : 'instances'}`,
      };
    case 'env': {
      const parts = [
        ...change.added.map((name) => `+ ${name}`),
        ...change.removed.map((name) => `- ${name}`),
        ...change.changed.map((name) => `~ ${name}`),
      ];
      return { mark: '~', what: 'env', how: parts.join(', ') };
    }
    case 'listener': {
      const { from, to } = change;
      const how = {
        add: to ?? '',
        remove: from ?? '',
        move: `${from ?? '?'} -> ${to ?? '?'}`,
        settings: 'settings, from the next up on',
      }[change.change];
      return { mark: markOf[change.change], what: 'listener', how };
    }
    case 'group':
      return { mark: markOf[change.change], what: 'group', how: '' };
  }
}

/** What has changed is named by its option alone. */
function sentenceOf(kind: Change['kind'], because: string): string {
  return kind === 'replace' && /^[\w.]+$/.test(because) ? `its ${because} has changed` : because;
}

function howOf(kind: 'add' | 'remove' | 'replace' | 'settings', because: string): string {
  if (kind === 'settings') return `goes on, with other settings: ${because}`;
  const reason = because === '' ? '' : `because ${because}`;
  return kind === 'replace' ? `replaced${reason === '' ? '' : `, ${reason}`}` : reason;
}
