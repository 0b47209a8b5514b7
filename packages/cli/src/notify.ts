/** `kindred notify`: a notification, which has no reply. */
import { type Command, Option } from 'commander';
import type { CallOptions } from 'kindred';
import { callParams } from './call.ts';
import { teach, wordHelp } from './help.ts';
import { addCallingOptions, addReachingOptions, type Calling } from './options.ts';
import { functionOf, withPeer } from './reaching.ts';
import type { Terminal } from './terminal.ts';

const deliveries = ['written', 'received', 'handled'] as const satisfies readonly CallOptions['delivery'][];

interface NotifyFlags extends Calling {
  delivery?: (typeof deliveries)[number];
}

export function addNotify(program: Command, terminal: Terminal): void {
  const command = program
    .command('notify')
    .summary('notify a service, without a reply')
    .description(
      'Sends a notification to the service at ADDRESS. There is no reply, so that a function which does not exist, or fails, goes unnoticed.',
    )
    .argument('<ADDRESS>', 'where the service is')
    .argument('<METHOD>', 'name of the function')
    .argument('[ARGS...]', 'its arguments: JSON or plain words')
    .addOption(
      new Option(
        '--delivery <LEVEL>',
        'done when it is with the operating system, has arrived, or the function has run',
      )
        .choices(deliveries)
        .default('written'),
    )
    .action((address: string, method: string, words: string[], flags: NotifyFlags) =>
      notify(terminal, address, method, words, flags),
    );
  addReachingOptions(addCallingOptions(command), 'give up after so many milliseconds');
  teach(command, {
    notes: [wordHelp],
    examples: [
      '$ kindred notify local:log write "the backup is done"',
      '$ kindred notify local:log write done --delivery handled',
    ],
    exits: ['ok', 'failed', 'usage', 'notReachable', 'timedOut', 'interrupted', 'terminated'],
  });
}

async function notify(
  terminal: Terminal,
  address: string,
  method: string,
  words: readonly string[],
  flags: NotifyFlags,
): Promise<void> {
  const { params, args } = await callParams(terminal, words, flags);
  await withPeer(address, flags, terminal, async (peer) => {
    const caller = peer.with({
      signal: terminal.stop,
      timeoutMs: flags.timeout,
      params,
      delivery: flags.delivery,
    });
    await functionOf(caller.notify, method)(...args);
  });
}
