/** The verbs that change what runs, and show their progress: start, stop, restart, reload, rollback, scale, apply, down. */
import { type Command, InvalidArgumentError } from 'commander';
import type { Progress } from 'kindred/supervisor';
import { type Lesson, teach } from '../help.ts';
import { toCount } from '../options.ts';
import { noteTo, type Terminal } from '../terminal.ts';
import { UsageError } from '../usage.ts';
import { type ControlClient, withControl } from './asking.ts';
import { showProgress } from './progress.ts';
import { addStackOptions, addTimeout, type StackFlags } from './which-stack.ts';

const json = 'each step as one line of JSON on stdout';
const exits: Lesson['exits'] = [
  'ok',
  'failed',
  'usage',
  'notReachable',
  'timedOut',
  'interrupted',
  'terminated',
];

type Steps = AsyncIterable<Progress>;

export function addChanges(program: Command, terminal: Terminal): void {
  const changing = (command: Command): Command => addTimeout(addStackOptions(command, json));
  const act = async (
    flags: StackFlags,
    ask: (control: ControlClient) => Steps | Promise<Steps>,
  ): Promise<void> =>
    withControl(flags, terminal, async (control) => {
      try {
        await showProgress(await ask(control), terminal, flags);
      } finally {
        // Whoever stops looking changes nothing.
        if (terminal.stop.aborted && terminal.stopped?.kind === 'signal')
          noteTo(terminal)('the stack goes on with it: kindred events --follow shows it');
      }
    });

  const apply = program
    .command('apply')
    .summary('make the stack what its config says now')
    .description(
      'Reads the config again and changes the running stack to what it says; kindred plan shows that before. A wrong config is refused whole, and changes nothing.',
    )
    .action((flags: StackFlags) => act(flags, (control) => control.apply()));
  teach(changing(apply), { examples: ['$ kindred plan && kindred apply'], exits });

  const ofServices = (
    verb: 'start' | 'stop' | 'restart' | 'rollback',
    summary: string,
    description: string,
    examples: readonly string[],
  ): void => {
    const command = program
      .command(verb)
      .summary(summary)
      .description(description)
      .argument('<SERVICE...>', 'names of services')
      .action((services: string[], flags: StackFlags) => act(flags, (control) => control[verb](services)));
    teach(changing(command), { examples, exits });
  };

  ofServices(
    'start',
    'start services that are stopped',
    'Starts services of a running stack that are stopped, have ended or failed, and what they need; waits until they are ready.',
    ['$ kindred start worker\nworker.1: starting\nworker.1: ready\nworker is ready'],
  );
  ofServices(
    'stop',
    'stop services, and keep the stack',
    'Stops services, those first that need them. The rest of the stack runs on; kindred start starts them again.',
    ['$ kindred stop worker web'],
  );
  ofServices(
    'restart',
    'stop services, and start them again',
    'Stops the instances of services and starts them again, one after the other. Whoever talks to the one that is restarted waits or fails: reload is what loses no request.',
    ['$ kindred restart worker'],
  );
  addReload(program, changing, act);
  ofServices(
    'rollback',
    'take a canary back',
    'Ends the new instances that kindred reload --canary has started, and puts old ones in their places.',
    ['$ kindred reload web --canary 1', '$ kindred rollback web'],
  );

  const scale = program
    .command('scale')
    .summary('run another number of instances')
    .description('Starts more instances of a service, or drains and stops some of them, until so many run.')
    .argument('<SERVICE>', 'name of the service')
    .argument('<N>', 'how many, from 0', toInstances)
    .action((service: string, instances: number, flags: StackFlags) =>
      act(flags, (control) => control.scale(service, instances)),
    );
  teach(changing(scale), {
    notes: [['It holds until the next kindred up or apply, which go by the config.']],
    examples: ['$ kindred scale web 4'],
    exits,
  });
}

function addReload(
  program: Command,
  changing: (command: Command) => Command,
  act: (flags: StackFlags, ask: (control: ControlClient) => Steps | Promise<Steps>) => Promise<void>,
): void {
  const command = program
    .command('reload')
    .summary('replace instances one by one, without losing a request')
    .description(
      'Starts a new instance, waits until it is ready and healthy, drains an old one, and so on with the next. Where a new one fails, the old ones go on serving and the reload is given up (exit code 1).',
    )
    .argument('<SERVICE...>', 'names of services')
    .option(
      '--canary <N>',
      'replace only so many, then wait: reload goes on with it, rollback takes it back',
      toCount,
    )
    .action((services: string[], flags: StackFlags & { canary?: number }) => {
      if (flags.canary !== undefined && services.length > 1)
        throw new UsageError('--canary is for one service at a time');
      const { canary } = flags;
      return act(flags, (control) => control.reload(services, canary === undefined ? {} : { canary }));
    });
  teach(changing(command), {
    examples: ['$ kindred reload web', '$ kindred reload web --canary 1', '$ kindred reload web api --json'],
    exits,
  });
}

function toInstances(text: string): number {
  const instances = /^\d+$/.test(text) ? Number(text) : Number.NaN;
  if (!Number.isSafeInteger(instances)) throw new InvalidArgumentError('Write a whole number from 0.');
  return instances;
}
