/** `kindred upgrade`: another brain in place of the one that runs. */
import type { Command } from 'commander';
import { KindredError } from 'kindred';
import type { StackStatus } from 'kindred/supervisor';
import { teach } from '../help.ts';
import { lineOf } from '../json.ts';
import type { Terminal } from '../terminal.ts';
import { isBrainGone, withControl } from './asking.ts';
import { pause } from './pause.ts';
import { addStackOptions, addTimeout, type StackFlags } from './which-stack.ts';

export function addUpgrade(program: Command, terminal: Terminal): void {
  const command = program
    .command('upgrade')
    .summary('run the installed version of Kindred')
    .description(
      'After another version of Kindred was installed: replaces the brain of the stack. Services, their sockets and their logs notice nothing. The keeper stays: it is the parent of the services, which end with it; it is another one after kindred down and kindred up.',
    )
    .action((flags: StackFlags) => upgrade(terminal, flags));
  addTimeout(
    addStackOptions(command, 'the pid of the brain, and that the keeper was kept, as one line of JSON'),
  );
  teach(command, {
    examples: [
      '$ npm install @kindred/cli && kindred upgrade\nbrain 5001 has taken over; the keeper stays until kindred down',
    ],
    exits: ['ok', 'failed', 'usage', 'notReachable', 'timedOut', 'interrupted', 'terminated'],
  });
}

/** How long the next brain may take to answer, and how long between two looks, in milliseconds. */
const nextBrainMs = 30_000;
const lookMs = 100;

async function upgrade(terminal: Terminal, flags: StackFlags): Promise<void> {
  let before: StackStatus | undefined;
  await withControl(flags, terminal, async (control) => {
    before = await control.status();
    await control.upgrade();
  }).catch((error: unknown) => {
    // The brain that was asked may be gone before it could answer: the next one tells.
    if (!isBrainGone(error) || before === undefined) throw error;
  });
  const now = await nextBrain(flags, terminal, before);
  const upgraded = { brain: now.brain.pid, keeper: 'kept' };
  if (flags.json === true) return terminal.print(lineOf(upgraded));
  terminal.tell(`brain ${upgraded.brain} has taken over; the keeper stays until kindred down`);
}

async function nextBrain(
  flags: StackFlags,
  terminal: Terminal,
  before: StackStatus | undefined,
): Promise<StackStatus> {
  const until = performance.now() + nextBrainMs;
  for (;;) {
    const now = await withControl(flags, terminal, (control) => control.status()).catch((error: unknown) => {
      if (!isBrainGone(error)) throw error;
    });
    if (now !== undefined && now.brain.pid !== before?.brain.pid) return now;
    if (performance.now() > until)
      throw new KindredError(
        'ERR_TIMEOUT',
        `brain ${before?.brain.pid} still answers after ${nextBrainMs} ms: see kindred logs and keeper.log`,
      );
    await pause(lookMs, terminal.stop);
  }
}
