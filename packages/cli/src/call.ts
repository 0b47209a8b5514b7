/** `kindred call`: one call, its result or the items of its stream on stdout. */
import type { Command } from 'commander';
import { KindredError, type RemoteStream } from 'kindred';
import { teach, wordHelp } from './help.ts';
import { lineOf } from './json.ts';
import { textOf } from './lines.ts';
import { addCallingOptions, addReachingOptions, type Calling } from './options.ts';
import { functionOf, withPeer } from './reaching.ts';
import { noteTo, type Terminal } from './terminal.ts';
import { unless } from './unless.ts';
import { type Params, paramsOf } from './words.ts';

interface CallFlags extends Calling {
  stream?: boolean;
}

export function addCall(program: Command, terminal: Terminal): void {
  const command = program
    .command('call')
    .summary('call a function of a service')
    .description(
      'Calls a function of the service at ADDRESS and prints its result as one line of JSON; of a stream, one line for each item as it comes.',
    )
    .argument('<ADDRESS>', 'where the service is, for example local:math')
    .argument('<METHOD>', 'name of the function; those in objects have dotted names')
    .argument('[ARGS...]', 'its arguments: JSON or plain words')
    .option('--stream', 'the answer must be a stream; without it, whatever comes is printed')
    .action((address: string, method: string, words: string[], flags: CallFlags) =>
      call(terminal, address, method, words, flags),
    );
  addReachingOptions(
    addCallingOptions(command),
    'give up after so many milliseconds; a stream must have ended by then',
  );
  teach(command, {
    notes: [
      wordHelp,
      [
        'A function that returns nothing gives null. What JSON cannot say stands in an',
        'object with one name that begins with $: {"$date":"2026-01-31T12:00:00.000Z"}.',
        'Ctrl-C cancels the call at the service too.',
      ],
    ],
    examples: [
      '$ kindred call local:math add 1 2 3 4 5\n15',
      '$ kindred call local:math countdown 3\n3\n2\n1',
      '$ kindred call tcp://127.0.0.1:7070 greet --named name=Ada --timeout 500',
      "$ kindred call local:math add --json-args '[1, 2]'",
      '$ kindred call local:math add 1 2 --wait 5000',
    ],
    exits: ['ok', 'failed', 'usage', 'notReachable', 'timedOut', 'interrupted', 'terminated'],
  });
}

async function call(
  terminal: Terminal,
  address: string,
  method: string,
  words: readonly string[],
  flags: CallFlags,
): Promise<void> {
  const { params, args } = await callParams(terminal, words, flags);
  await withPeer(address, flags, terminal, async (peer) => {
    const caller = peer.with({ signal: terminal.stop, timeoutMs: flags.timeout, params });
    const result: unknown = await functionOf(caller.call, method)(...args);
    if (isStream(result)) for await (const item of result) await terminal.print(lineOf(item));
    else if (flags.stream === true) {
      // Towards a plain JSON-RPC peer a stream without any item is no more than its closing null.
      if (result !== null || peer.kindred) throw notStream(method);
    } else await terminal.print(lineOf(result));
  });
}

/** The arguments of a call, from its words or from stdin. */
export async function callParams(
  terminal: Terminal,
  words: readonly string[],
  flags: Calling,
): Promise<Params> {
  const jsonArgs = flags.jsonArgs === '-' ? await stdinOf(terminal) : flags.jsonArgs;
  return paramsOf(words, { ...flags, jsonArgs, note: noteTo(terminal) });
}

function stdinOf({ stdin, stop }: Terminal): Promise<string> {
  return unless(
    stop,
    textOf(stdin),
    () => new KindredError('ERR_CANCELLED', 'reading stdin was cancelled', { outcome: 'not-sent' }),
  );
}

function isStream(value: unknown): value is RemoteStream<unknown> {
  return typeof value === 'object' && value !== null && Symbol.asyncIterator in value;
}

function notStream(method: string): KindredError {
  return new KindredError(
    'ERR_BAD_ARGUMENT',
    `${method} answered with a value, not with a stream: leave --stream out`,
    { outcome: 'executed' },
  );
}
