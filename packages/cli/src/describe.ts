/** `kindred describe`: what a service offers, from its answer to `rpc.discover` (OpenRPC). */
import type { Command } from 'commander';
import { discovered } from './discovered.ts';
import { teach } from './help.ts';
import { lineOf } from './json.ts';
import { rowsOf, tableOf } from './open-rpc.ts';
import { addReachingOptions, type Reaching } from './options.ts';
import { withPeer } from './reaching.ts';
import { SchemaTypes } from './schema-types.ts';
import type { Terminal } from './terminal.ts';

interface DescribeFlags extends Reaching {
  json?: boolean;
}

export function addDescribe(program: Command, terminal: Terminal): void {
  const command = program
    .command('describe')
    .summary('list the functions of a service')
    .description(
      'Lists the functions of the service at ADDRESS with the names and types of their parameters and of what they answer, where these are known, and what their source says of them.',
    )
    .argument('<ADDRESS>', 'where the service is')
    .option('--json', 'the whole OpenRPC document, as one line of JSON')
    .action((address: string, flags: DescribeFlags) => describe(terminal, address, flags));
  addReachingOptions(command, 'give up after so many milliseconds');
  teach(command, {
    notes: [['name? is a parameter that can be left out, ...names takes any number of arguments.']],
    examples: [
      '$ kindred describe local:math\nMETHOD     PARAMETERS  ANSWERS\nadd        ...numbers  a value\ncountdown  from        a stream',
      "$ kindred describe local:math --json | jq -r '.methods[].name'",
    ],
    exits: ['ok', 'failed', 'usage', 'notReachable', 'timedOut', 'interrupted', 'terminated'],
  });
}

async function describe(terminal: Terminal, address: string, flags: DescribeFlags): Promise<void> {
  await withPeer(address, flags, terminal, async (peer) => {
    const document = await discovered(peer, address, flags, terminal);
    if (flags.json === true) return terminal.print(lineOf(document));
    const rows = rowsOf(document.methods, new SchemaTypes(document));
    if (rows.length === 0) terminal.tell(`the service at ${address} offers no functions`);
    else for (const line of tableOf(rows)) await terminal.print(line);
  });
}
