/** `kindred down`: the end of a stack. */
import type { Command } from 'commander';
import { connect, KindredError } from 'kindred';
import { identityOfProcess, isAlive, type ProcessIdentity } from 'kindred/process';
import type { Progress } from 'kindred/supervisor';
import { teach } from '../help.ts';
import type { Terminal } from '../terminal.ts';
import { addressOf, isBrainGone, withControl } from './asking.ts';
import { pause } from './pause.ts';
import { showProgress } from './progress.ts';
import { addStackOptions, addTimeout, nameOfStack, type StackFlags } from './which-stack.ts';

/** How long the stack may take to be gone after its last step, and between two looks, in milliseconds. */
const goneMs = 30_000;
const lookMs = 50;

export function addDown(program: Command, terminal: Terminal): void {
  const command = program
    .command('down')
    .summary('end a stack')
    .description(
      'Ends every service, those first that need others, then the stack itself. Nothing of it is left when this command has ended with 0; also where its keeper was killed, and services live on.',
    )
    .action((flags: StackFlags) => down(terminal, flags));
  addTimeout(addStackOptions(command, 'each step as one line of JSON on stdout'));
  teach(command, {
    examples: ['$ kindred down', '$ kindred down --name shop'],
    exits: ['ok', 'failed', 'usage', 'notReachable', 'timedOut', 'interrupted', 'terminated'],
  });
}

async function down(terminal: Terminal, flags: StackFlags): Promise<void> {
  const asked = await takeDown(terminal, flags).catch(async (error: unknown) => {
    if (!(await leftoversEnd(terminal, flags, error))) throw error;
    return undefined;
  });
  if (asked === undefined) return;
  const { name, keeper } = asked;
  const until = performance.now() + goneMs;
  while ((keeper !== undefined && isAlive(keeper)) || (await answers(name, terminal.stop))) {
    if (performance.now() > until)
      throw new KindredError('ERR_TIMEOUT', `${name} is still there after ${goneMs} ms: see kindred ps`);
    await pause(lookMs, terminal.stop);
  }
}

async function takeDown(
  terminal: Terminal,
  flags: StackFlags,
): Promise<{ name: string; keeper: ProcessIdentity | undefined }> {
  return withControl(flags, terminal, async (control, name) => {
    const { keeper } = await control.status();
    const identity = keeper === undefined ? undefined : identityOfProcess(keeper.pid);
    // The brain ends with the stack, and may be faster than its last word.
    await showProgress(await control.down(), terminal, flags).catch((error: unknown) => {
      if (!isBrainGone(error)) throw error;
    });
    return { name, keeper: identity };
  });
}

/** Of a stack that does not run because its keeper was killed. Whether there was anything. */
async function leftoversEnd(terminal: Terminal, flags: StackFlags, error: unknown): Promise<boolean> {
  if (!(error instanceof KindredError && error.code === 'ERR_NOT_REACHABLE')) return false;
  const name = await nameOfStack(flags);
  const { endLeftovers, keeperOf } = await import('kindred/supervisor');
  if (keeperOf(name) !== undefined || !(await endLeftovers(name))) return false;
  const text = `what was left of ${name}, whose keeper was killed, has ended`;
  await showProgress(told({ at: Date.now(), kind: 'done', text }), terminal, flags);
  return true;
}

async function* told(step: Progress): AsyncGenerator<Progress> {
  yield step;
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
