/** `kindred types`: the interface of a service, from its answer to `rpc.discover`. */
import { readFileSync, writeFileSync } from 'node:fs';
import type { Command } from 'commander';
import { KindredError } from 'kindred';
import { discovered } from './discovered.ts';
import { teach } from './help.ts';
import { interfaceOf, isTypeName } from './interface.ts';
import { addReachingOptions, type Reaching } from './options.ts';
import { withPeer } from './reaching.ts';
import type { Terminal } from './terminal.ts';
import { UsageError } from './usage.ts';

interface TypesFlags extends Reaching {
  output?: string;
  name: string;
}

export function addTypes(program: Command, terminal: Terminal): void {
  const command = program
    .command('types')
    .summary('write the TypeScript interface of a service')
    .description(
      'Writes a TypeScript interface of the service at ADDRESS, for connect<Service>(...), and a constant with which a client finds out at connect whether the service has changed since.',
    )
    .argument('<ADDRESS>', 'where the service is')
    .option('--output <FILE>', 'write it to this file, where it is not there already; default: to stdout')
    .option('--name <NAME>', 'the name of the interface', 'Service')
    .action((address: string, flags: TypesFlags) => types(terminal, address, flags));
  addReachingOptions(command, 'give up after so many milliseconds');
  teach(command, {
    notes: [
      [
        'Types of parameters and results are those of the schemas of the service; where',
        'it has none they are unknown. Streams are AsyncIterable, comments are kept.',
      ],
    ],
    examples: [
      '$ kindred types local:math --output math-service.ts\nwritten: math-service.ts',
      '$ kindred types tcp://127.0.0.1:7070 --name Shop > shop.ts',
    ],
    exits: ['ok', 'failed', 'usage', 'notReachable', 'timedOut', 'interrupted', 'terminated'],
  });
}

async function types(terminal: Terminal, address: string, flags: TypesFlags): Promise<void> {
  const { output, name } = flags;
  if (!isTypeName(name))
    throw new UsageError(`${JSON.stringify(name)} is no name of an interface: write for example --name Shop`);
  await withPeer(address, flags, terminal, async (peer) => {
    const text = writtenFrom(await discovered(peer, address, flags, terminal), address, name);
    if (output === undefined) return terminal.print(text.trimEnd());
    // What watches the file, or builds from it, has nothing to do then.
    if (contentOf(output) === text) return terminal.tell(`nothing has changed: ${output}`);
    writeFileSync(output, text);
    terminal.tell(`written: ${output}`);
  });
}

function writtenFrom(document: Record<string, unknown>, address: string, name: string): string {
  try {
    return interfaceOf(document, name);
  } catch (error) {
    if (!(error instanceof KindredError) || error.code !== 'ERR_BAD_ARGUMENT') throw error;
    throw new KindredError('ERR_PROTOCOL', `the document of the service at ${address}: ${error.message}`, {
      cause: error,
    });
  }
}

function contentOf(file: string): string | undefined {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return undefined;
  }
}
