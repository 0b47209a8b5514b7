/**
 * The server half of a contender: `node server.ts JOB`, or as a thread with the same argument. A server says its
 * address on standard output, and ends when standard input does; a child or thread ends as its contender ends it.
 */
import type { Contender, Setting } from './contender.ts';
import * as service from './service.ts';

export interface ServerJob {
  contender: string;
  setting: Omit<Setting, 'entry'>;
}

const entry: Setting['entry'] = { file: new URL(import.meta.url), args: process.argv.slice(2) };
const job: ServerJob = JSON.parse(entry.args[0] ?? '');
const setting: Setting = { ...job.setting, entry };

// The cases that measure memory ask for a collection on both sides first.
process.on('SIGUSR2', () => globalThis.gc?.());

const { contender } = (await import(`./contenders/${job.contender}.ts`)) as { contender: Contender };
if (contender.serve === undefined) {
  await contender.child?.(service, setting);
} else {
  const address = await contender.serve(service, setting);
  process.stdout.write(`${address}\n`);
  process.stdin.resume().on('end', () => process.exit(0));
}
