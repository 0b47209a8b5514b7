/** `kindred down`: the end of a stack. */
import type { Command } from 'commander';
import { connect, KindredError } from 'kindred';
import { identityOfProcess, isAlive } from 'kindred/process';
import { teach } from '../help.ts';
import type { Terminal } from '../terminal.ts';
import { addressOf, isBrainGone, withControl } from './asking.ts';
import { pause } from './pause.ts';
import { showProgress } from './progress.ts';
import { addStackOptions, addTimeout, type StackFlags } from './which-stack.ts';

/** How long the stack may take to be gone after its last step, and between two looks, in milliseconds. */
const goneMs = 30_000;
const lookMs = 50;

export function addDown(program: Command, terminal: Terminal): void {
  const command = program
    .command('down')
    .summary('end a stack')
    .description(
      'Ends every service, those first that need others, then the stack itself. Nothing of it is left when this command has ended with 0.',
    )
    .action((flags: StackFlags) => down(terminal, flags));
  addTimeout(addStackOptions(command, 'each step as one line of JSON on stdout'));
  teach(command, {
    examples: ['$ kindred down', '$ kindred down --name shop'],
    exits: ['ok', 'failed', 'usage', 'notReachable', 'timedOut', 'interrupted', 'terminated'],
  });
}

async function down(terminal: Terminal, flags: StackFlags): Promise<void> {
  const { name, keeper } = await withControl(flags, terminal, async (control, name) => {
    const { keeper } = await control.status();
    const identity = keeper === undefined ? undefined : identityOfProcess(keeper.pid);
    // The brain ends with the stack, and may be faster than its last word.
    await showProgress(await control.down(), terminal, flags).catch((error: unknown) => {
      if (!isBrainGone(error)) throw error;
    });
    return { name, keeper: identity };
  });
  const until = performance.now() + goneMs;
  while ((keeper !== undefined && isAlive(keeper)) || (await answers(name, terminal.stop))) {
    if (performance.now() > until)
      throw new KindredError('ERR_TIMEOUT', `${name} is still there after ${goneMs} ms: see kindred ps`);
    await pause(lookMs, terminal.stop);
  }
}

async function answers(name: string, signal: AbortSignal): Promise<boolean> {
  try {
    const peer = await connect(await addressOf(name), { signal, reconnect: false });
    await peer.close();
    return true;
  } catch (error) {
    if (error instanceof KindredError && error.code === 'ERR_NOT_REACHABLE') return false;
    // It went while we were let in.
    if (isBrainGone(error)) return true;
    throw error;
  }
}
