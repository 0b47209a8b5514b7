/** `kindred up`: starts a stack, as a daemon or in the foreground. */
import type { Command } from 'commander';
import { KindredError } from 'kindred';
import { describePid1 } from 'kindred/process';
import type { Progress, StartedStack } from 'kindred/supervisor';
import { teach } from '../help.ts';
import { noteTo, type Terminal } from '../terminal.ts';
import { UsageError } from '../usage.ts';
import { cronMaker } from './cron.ts';
import { foreground } from './foreground.ts';
import { GivenUp, showProgress } from './progress.ts';
import { startedOf } from './started.ts';
import { untilUp } from './until-up.ts';
import { addStackOptions, addTimeout, readStack, type StackFlags } from './which-stack.ts';

interface UpFlags extends StackFlags {
  detach?: boolean;
  watch?: boolean;
}

export function addUp(program: Command, terminal: Terminal): void {
  const command = program
    .command('up')
    .summary('start a stack')
    .description(
      'Starts all services of the stack that the config describes, and keeps them running. In the foreground it shows their logs; Ctrl-C or SIGTERM ends the stack in good order, a second one at once; SIGHUP makes it what the config says now, and reloads its services.',
    )
    .option('--detach', 'as a daemon: the command ends when all services are ready')
    .option('--watch', 'for development: restart services when their files change')
    .action((flags: UpFlags) => up(terminal, flags));
  addTimeout(addStackOptions(command, 'each step, and then each line of the logs, as one line of JSON'));
  teach(command, {
    examples: [
      '$ kindred up --detach\ndone db, web, worker up (1s)',
      '$ kindred up --config ./kindred.config.ts',
    ],
    exits: ['ok', 'failed', 'usage', 'timedOut', 'interrupted', 'terminated'],
  });
}

async function up(terminal: Terminal, flags: UpFlags): Promise<void> {
  if (flags.detach === true && flags.watch === true)
    throw new UsageError('--watch is for the foreground: leave --detach out');
  const note = noteTo(terminal);
  const stack = await readStack(flags);
  for (const { path, text, mend } of stack.remarks) note(`${path} ${text}: ${mend}`);
  const { keeperOf, startStack } = await import('kindred/supervisor');
  // Before anything is shown of a start.
  const keeper = keeperOf(stack.name);
  if (keeper !== undefined)
    throw new KindredError(
      'ERR_ALREADY_RUNNING',
      `${stack.name} runs already, kept by process ${keeper.pid}: kindred apply makes it what the config says now, kindred down ends it`,
      { data: { pid: keeper.pid } },
    );
  const start = async (): Promise<StartedStack> =>
    startStack(stack.file, {
      name: stack.name,
      detached: flags.detach === true,
      // As systemd passes them to the units of kindred export systemd.
      takeListeners: true,
      brain: brainProgram(),
      cron: await cronMaker(),
      signal: terminal.stop,
    });
  if (flags.detach !== true) {
    const pid1 = describePid1();
    if (pid1 !== undefined) note(pid1);
    const named = { ...flags, name: stack.name };
    return foreground(
      terminal,
      named,
      async () => startedOf(await start()),
      flags.watch === true ? stack : undefined,
    );
  }
  try {
    await showProgress(steps(terminal, { ...flags, name: stack.name }, start), terminal, flags);
  } catch (error) {
    if (!(error instanceof GivenUp)) throw error;
    throw new GivenUp(`${error.message}; what can run does: kindred ps, and kindred down ends it`);
  }
}

async function* steps(
  { stop }: Terminal,
  flags: StackFlags & { name: string },
  start: () => Promise<unknown>,
): AsyncGenerator<Progress, undefined> {
  yield { at: Date.now(), kind: 'step', text: `${flags.name}: its keeper is started` };
  await start();
  return yield* untilUp(flags, stop);
}

/** This file's neighbour, in the sources and in what is published. */
function brainProgram(): string {
  return new URL(`./brain-program${import.meta.url.endsWith('.ts') ? '.ts' : '.js'}`, import.meta.url).href;
}
