/** `kindred serve`: a module's functions, offered at an address until it is told to end. */
import type { Command } from 'commander';
import { KindredError, type Server, serve as serveAt } from 'kindred';
import { checkCertificate, tlsOf } from './certificates.ts';
import { addressHelp, teach } from './help.ts';
import { loadModule, serviceOf, urlOf } from './module.ts';
import { addOpeningOptions, type Opening, toMs } from './options.ts';
import { checkShared } from './places.ts';
import { secretOf } from './secret-file.ts';
import type { Terminal } from './terminal.ts';
import { unless } from './unless.ts';

interface ServeFlags extends Opening {
  at: string;
  export?: string;
  grace: number;
}

export function addServe(program: Command, terminal: Terminal): void {
  const command = program
    .command('serve')
    .summary('serve the functions of a module')
    .description(
      'Serves the exported functions of MODULE at an address. Ctrl-C or SIGTERM ends it: it takes no more calls, finishes those that run, and closes. A second Ctrl-C ends it at once.',
    )
    .argument('<MODULE>', 'path of a module: JavaScript, or TypeScript, which needs no build')
    .requiredOption('--at <ADDRESS>', 'where to serve it')
    .option('--export <NAME>', 'serve the functions of this exported object; default: all that is exported')
    .option('--grace <MS>', 'how long running calls may take to finish at the end', toMs, 10_000)
    .action((module: string, flags: ServeFlags) => serve(terminal, module, flags));
  addOpeningOptions(command);
  teach(command, {
    notes: [
      addressHelp,
      [
        'A default export that is an object stands for the module where it holds all',
        'other exports, or is the only one. Else its functions are called default.NAME.',
      ],
    ],
    examples: [
      '$ kindred serve ./math.ts --at local:math\nserving ./math.ts at local:math, pid 4711',
      '$ kindred serve ./math.ts --at tcp://127.0.0.1:7070 --export math',
      '$ kindred serve ./tools.ts --at stdio:   # for whoever starts it',
    ],
    exits: ['ok', 'failed', 'usage', 'notReachable', 'interrupted', 'terminated'],
  });
}

async function serve(terminal: Terminal, word: string, flags: ServeFlags): Promise<void> {
  checkShared(flags.at);
  checkCertificate(flags.at, flags);
  const standard = /^(stdio|parent):/i.test(flags.at);
  const giveBack = standard ? keepStdoutClean() : undefined;
  const loaded = loadModule(word).finally(giveBack);
  const cancelled = (): Error => new KindredError('ERR_CANCELLED', `${word} was still being loaded`);
  const service = serviceOf(await unless(terminal.stop, loaded, cancelled), word, flags.export);
  const server = await serveAt(flags.at, service, {
    allowAnyone: flags.allowAnyone === true,
    source: urlOf(word),
    ...(flags.dialect === undefined ? {} : { dialect: flags.dialect }),
    ...tlsOf(flags, 'listens'),
    ...secretOf(flags, 'listens'),
  });
  terminal.tell(`serving ${word} at ${server.address}, pid ${process.pid}`);
  await untilEnded(terminal, server, flags.grace);
}

/** Until the command is told to end, or the server is closed otherwise. Throws where it has lost its address. */
async function untilEnded(terminal: Terminal, server: Server, graceMs: number): Promise<void> {
  const { stop, cut } = terminal;
  const { promise: told, resolve: tell } = Promise.withResolvers<void>();
  stop.addEventListener('abort', () => tell(), { once: true });
  if (stop.aborted) tell();
  const lost = await Promise.race([told, server.closed]);
  if (lost !== undefined) throw lost;
  const running = [...server.peers].reduce((sum, peer) => sum + peer.load.running, 0);
  if (running > 0) {
    const what = running === 1 ? 'one call still runs' : `${running} calls still run`;
    terminal.tell(`ending: ${what} (again to end at once)`);
  }
  await server.drain({ timeoutMs: graceMs, signal: cut, reason: 'the service ends' });
}

/**
 * Where stdout carries the protocol, what a module prints while it is loaded goes to stderr; from then on the library
 * takes care of it. Returns what undoes it.
 */
function keepStdoutClean(): () => void {
  const { stdout, stderr } = process;
  const own = stdout.write;
  stdout.write = stderr.write.bind(stderr) as typeof stdout.write;
  return () => {
    stdout.write = own;
  };
}
