/** The command as a whole: its words in, an exit code out. */
import { readFileSync } from 'node:fs';
import { styleText } from 'node:util';
import { Command, CommanderError } from 'commander';
import { addCall } from './call.ts';
import { addCompletion } from './completion.ts';
import { addDescribe } from './describe.ts';
import { type ExitCode, exitCodeOf, exitCodes } from './exit-codes.ts';
import { addressHelp, teach } from './help.ts';
import { addListen } from './listen.ts';
import { addNotify } from './notify.ts';
import { withoutSwallowing } from './options.ts';
import { linesOf } from './report.ts';
import { addSend } from './send.ts';
import { addServe } from './serve.ts';
import { addStackVerbs } from './stack/index.ts';
import { exitCodeOfStop, type Terminal } from './terminal.ts';
import { addTypes } from './types.ts';

/** Runs the command that the words name, until all that it printed is written; never rejects. */
export async function run(words: readonly string[], terminal: Terminal): Promise<ExitCode> {
  const complain = (error: unknown): ExitCode => {
    const lines = linesOf(error, { verbose: words.includes('--verbose'), paint: terminal.paint });
    for (const line of lines) terminal.tell(line);
    return exitCodeOf(error);
  };
  const failure = await createProgram(terminal)
    .parseAsync(withoutSwallowing(words), { from: 'user' })
    .then(() => undefined)
    .catch((error: unknown) => ({ error }));
  await terminal.flush();
  const { stopped, cut } = terminal;
  if (stopped?.kind === 'unwritable')
    return complain(new Error('stdout cannot be written', { cause: stopped.error }));
  if (failure === undefined)
    // A command that ends when it is told to has done what it was asked, unless somebody could not wait.
    return stopped !== undefined && cut.aborted ? exitCodeOfStop(stopped) : exitCodes.ok;
  const { error } = failure;
  // Commander has told what is wrong, or given the help that was asked for.
  if (error instanceof CommanderError) return error.exitCode === 0 ? exitCodes.ok : exitCodes.usage;
  if (stopped?.kind === 'no reader') return exitCodes.ok;
  const code = complain(error);
  return stopped === undefined ? code : exitCodeOfStop(stopped);
}

const ownGroup = 'The command itself:';

export function createProgram(terminal: Terminal): Command {
  const program = new Command('kindred')
    .description(
      'Serve, call and watch services from a shell, and keep them running: processes that talk, on one machine or several.',
    )
    .version(versionOf(), '--version', 'the version of this command')
    .enablePositionalOptions()
    .exitOverride()
    .showSuggestionAfterError()
    .configureHelp({
      styleTitle: (title) => styleText('bold', title, { validateStream: false }),
      showGlobalOptions: false,
    })
    .configureOutput({
      // What cannot be written stops the command by itself.
      writeOut: (text) => void terminal.print(text.trimEnd()).catch(() => {}),
      writeErr: (text) => terminal.tell(text.trimEnd()),
      outputError: (text, write) => write(inOurWords(text, terminal)),
    });
  program.commandsGroup('Services and messages:');
  for (const add of [addServe, addCall, addNotify, addDescribe, addTypes, addListen, addSend])
    add(program, terminal);
  program.commandsGroup('Stacks that stay up:');
  addStackVerbs(program, terminal);
  program.commandsGroup(ownGroup);
  addCompletion(program, terminal);
  program.addHelpCommand(
    new Command('help').argument('[command]').description('display help for command').helpGroup(ownGroup),
  );
  for (const command of program.commands)
    command.showHelpAfterError(`(kindred ${command.name()} --help tells more)`);
  program.showHelpAfterError('(kindred --help tells more)');
  return teach(program, {
    notes: [addressHelp, ['Results go to stdout, those of calls as JSON; everything else to stderr.']],
    examples: [
      '$ kindred serve ./math.ts --at local:math',
      '$ kindred call local:math add 1 2',
      '$ kindred up --detach && kindred ps',
      '$ kindred call --help',
    ],
    exits: ['ok', 'failed', 'usage', 'notReachable', 'timedOut', 'interrupted', 'terminated'],
  });
}

/** What commander says of a wrong command line. */
function inOurWords(text: string, { paint }: Terminal): string {
  return text
    .replace(/^error:/, paint('red', 'kindred:'))
    .replace(/(unknown option '[^']*')/, '$1; a word that begins with - stands behind --');
}

function versionOf(): string {
  // One level up from the sources as well as from what is built of them.
  const manifest: unknown = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8'));
  return String((manifest as { version?: unknown }).version);
}
