/** `kindred send`: plain messages to whoever listens, and the replies where they are waited for. */
import type { Command } from 'commander';
import { dial, KindredError, type PlainChannel } from 'kindred';
import { teach, wordHelp } from './help.ts';
import { lineOf } from './json.ts';
import { linesOf } from './lines.ts';
import { addReachingOptions, type Reaching, stringOption, toCount } from './options.ts';
import { reach } from './reaching.ts';
import { noteTo, type Terminal } from './terminal.ts';
import { unless } from './unless.ts';
import { wordValue } from './words.ts';

interface SendFlags extends Reaching {
  /** Messages; `all`: as many as were sent. */
  waitReply?: number | 'all';
  string?: boolean;
}

export function addSend(program: Command, terminal: Terminal): void {
  const command = program
    .command('send')
    .summary('send plain messages')
    .description(
      'Sends plain messages, in their order, to whoever listens at ADDRESS, and closes when they are with the operating system.',
    )
    .argument('<ADDRESS>', 'where to send them')
    .argument('<MESSAGES...>', 'JSON or plain words; - is each line of stdin')
    .option(
      '--wait-reply [N]',
      'print so many replies as lines of JSON before it closes; without a number, one for each message',
      (text: string): number | 'all' => (text === '' ? 'all' : toCount(text)),
    )
    .addOption(stringOption())
    .action((address: string, words: string[], flags: SendFlags) => send(terminal, address, words, flags));
  addReachingOptions(command, 'give up after so many milliseconds');
  teach(command, {
    notes: [wordHelp],
    examples: [
      `$ kindred send local:inbox '{"hello":"world"}' "and a string"`,
      '$ kindred send local:clerk 1 2 --wait-reply\n{"ok":true}\n{"ok":true}',
      '$ kindred send tcp://127.0.0.1:7070 - --dialect json-concat < messages.jsonl',
    ],
    exits: ['ok', 'failed', 'usage', 'notReachable', 'timedOut', 'interrupted', 'terminated'],
  });
}

async function send(
  terminal: Terminal,
  address: string,
  words: readonly string[],
  flags: SendFlags,
): Promise<void> {
  const value = (word: string): unknown => wordValue(word, { string: flags.string, note: noteTo(terminal) });
  // A word that is wrong is found before anything is sent.
  const messages = words.map((word) => (word === '-' ? eachLine : { value: value(word) }));
  const channel = await reach(address, flags, terminal, (options) => dial(address, options));
  const replies = createReplies(terminal, channel, flags.waitReply);
  const sendAll = async (): Promise<void> => {
    let count = 0;
    for (const message of messages)
      if (message !== eachLine) {
        await channel.send(message.value);
        count++;
      } else
        for await (const line of linesOf(terminal.stdin)) {
          if (line === '') continue;
          await channel.send(value(line));
          count++;
        }
    await replies.after(count);
  };
  const late = flags.timeout === undefined ? undefined : AbortSignal.timeout(flags.timeout);
  const inTime = unless(late, sendAll(), () =>
    givenUp('ERR_TIMEOUT', `${replies.soFar} within ${flags.timeout} ms`),
  );
  try {
    await unless(terminal.stop, inTime, () => givenUp('ERR_CANCELLED', 'sending was cancelled'));
  } finally {
    await channel.close();
  }
}

function givenUp(code: 'ERR_TIMEOUT' | 'ERR_CANCELLED', message: string): KindredError {
  return new KindredError(code, message, { outcome: 'unknown' });
}

const eachLine = Symbol('each line of stdin');

interface Replies {
  /** All messages, so many, are sent. Resolves when the replies that are wanted are printed. */
  after(sent: number): Promise<void>;
  readonly soFar: string;
}

/** Replies are read from the start, wanted or not, so that the other end is never held up by what nobody takes. */
function createReplies(terminal: Terminal, channel: PlainChannel, wanted: SendFlags['waitReply']): Replies {
  let most = wanted === 'all' ? Number.POSITIVE_INFINITY : (wanted ?? 0);
  let count = 0;
  let tellEnough = (): void => {};
  const read = async (): Promise<void> => {
    for await (const message of channel) {
      if (count >= most) continue;
      await terminal.print(lineOf(message));
      if (++count >= most) tellEnough();
    }
  };
  const ended = read();
  // Whoever waits for replies hears of it; a failure that nobody waits for was told by the sending.
  ended.catch(() => {});
  const soFar = (): string =>
    `${count} of ${Number.isFinite(most) ? most : 'the'} ${most === 1 ? 'reply' : 'replies'}`;
  return {
    async after(sent) {
      if (wanted === 'all') most = sent;
      if (count >= most) return;
      const { promise: enough, resolve } = Promise.withResolvers<void>();
      tellEnough = resolve;
      await Promise.race([enough, ended]);
      if (count < most)
        throw new KindredError('ERR_PEER_GONE', `the channel was closed after ${soFar()}`, {
          outcome: 'unknown',
        });
    },
    get soFar() {
      return soFar();
    },
  };
}
