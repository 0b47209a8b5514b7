/** `kindred listen`: plain messages of everyone who connects, on stdout; lines of stdin go to all of them. */
import type { Command } from 'commander';
import { type CloseReason, KindredError, listen as listenAt, type PlainChannel } from 'kindred';
import { checkCertificate, tlsOf } from './certificates.ts';
import { teach, wordHelp } from './help.ts';
import { lineOf } from './json.ts';
import { linesOf } from './lines.ts';
import { addOpeningOptions, type Opening, stringOption } from './options.ts';
import { checkShared } from './places.ts';
import { plain } from './report.ts';
import { secretOf } from './secret-file.ts';
import { noteTo, type Terminal } from './terminal.ts';
import { type WordOptions, wordValue } from './words.ts';

interface ListenFlags extends Opening {
  reply?: string;
  once?: boolean;
  string?: boolean;
}

export function addListen(program: Command, terminal: Terminal): void {
  const command = program
    .command('listen')
    .summary('print plain messages that arrive, send typed ones')
    .description(
      'Listens at ADDRESS for plain messages and prints each as one line of JSON, with the number of the channel it came on. Lines typed on stdin are sent to all channels. Ctrl-C ends it.',
    )
    .argument('<ADDRESS>', 'where to listen')
    .option('--reply <MESSAGE>', 'answer every message with this one')
    .option('--once', 'take one channel, and end when it is closed')
    .addOption(stringOption())
    .action((address: string, flags: ListenFlags) => listen(terminal, address, flags));
  addOpeningOptions(command);
  teach(command, {
    notes: [wordHelp],
    examples: [
      '$ kindred listen local:inbox\nlistening at local:inbox, pid 4711\nchannel 1 opened\n{"channel":1,"message":{"hello":"world"}}\nchannel 1 closed',
      '$ kindred listen unix:/tmp/app.sock --once --reply \'{"ok":true}\'',
      '$ kindred listen tcp://127.0.0.1:7070 --dialect json-concat < /dev/null',
    ],
    exits: ['ok', 'failed', 'usage'],
  });
}

async function listen(terminal: Terminal, address: string, flags: ListenFlags): Promise<void> {
  checkShared(address);
  checkCertificate(address, flags);
  const words = { string: flags.string, note: noteTo(terminal) };
  const reply = flags.reply === undefined ? undefined : { message: wordValue(flags.reply, words) };
  const { promise: end, resolve: done, reject: fail } = Promise.withResolvers<void>();
  const someone = createGate();
  let count = 0;

  const take = async (channel: PlainChannel): Promise<void> => {
    if (flags.once === true && count > 0)
      return terminal.tell('another channel was refused: --once takes one');
    const number = ++count;
    terminal.tell(`channel ${number} opened`);
    someone.open();
    void channel.closed.then((reason) => {
      terminal.tell(`channel ${number} ${endOf(reason)}`);
      if (server.channels.size === 0) someone.close();
      if (flags.once === true) done();
    });
    for await (const message of channel) {
      await terminal.print(`{"channel":${number},"message":${lineOf(message)}}`);
      if (reply !== undefined) await channel.send(reply.message);
    }
  };

  const server = await listenAt(address, take, {
    allowAnyone: flags.allowAnyone === true,
    ...(flags.dialect === undefined ? {} : { dialect: flags.dialect }),
    ...tlsOf(flags, 'listens'),
    ...secretOf(flags, 'listens'),
    // Why a channel ended is told where it is closed.
    onError: (error) => {
      if (!(error instanceof KindredError) && terminal.stopped === undefined) fail(error);
    },
  });
  terminal.tell(`listening at ${server.address}, pid ${process.pid}`);
  terminal.stop.addEventListener('abort', () => done(), { once: true });
  if (terminal.stop.aborted) done();
  sendLines(terminal, server.channels, someone, words).catch(fail);
  void server.closed.then((lost) => (lost === undefined ? done() : fail(lost)));
  try {
    await end;
  } finally {
    await server.close();
  }
}

/** What is typed goes to all channels; while there is none it waits, so that nothing typed is lost. */
async function sendLines(
  terminal: Terminal,
  channels: ReadonlySet<PlainChannel>,
  someone: Gate,
  words: WordOptions,
): Promise<void> {
  await someone.passed();
  for await (const line of linesOf(terminal.stdin)) {
    if (line === '') continue;
    await someone.passed();
    const message = wordValue(line, words);
    await Promise.all(
      [...channels].map((channel) =>
        channel.send(message).catch((error: unknown) => {
          if (channel.state === 'open')
            terminal.tell(`not sent: ${error instanceof Error ? plain(error.message) : String(error)}`);
        }),
      ),
    );
  }
}

function endOf(reason: CloseReason): string {
  switch (reason.kind) {
    case 'closed':
    case 'ended':
      return 'closed';
    case 'lost':
      return `lost: ${plain(reason.error.message)}`;
    case 'broken':
      return `broken: ${plain(reason.error.message)}`;
  }
}

/** Lets through while it is open. */
interface Gate {
  open(): void;
  close(): void;
  passed(): Promise<void>;
}

function createGate(): Gate {
  let isOpen = false;
  const waiting: (() => void)[] = [];
  return {
    open() {
      isOpen = true;
      for (const go of waiting.splice(0)) go();
    },
    close() {
      isOpen = false;
    },
    passed: () => (isOpen ? Promise.resolve() : new Promise((resolve) => waiting.push(resolve))),
  };
}
