/**
 * One round: `node client.ts JOB`. Starts the server where the contender has one, runs the case, and writes what came
 * out of it to descriptor 3 as JSON.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { writeSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import type { Scale } from './cases/lab.ts';
import { caseOf } from './cases.ts';
import type { Contender, Session, Setting } from './contender.ts';
import { contenders } from './contenders.ts';
import { pinMeasured } from './measure/meter.ts';
import type { ServerJob } from './server.ts';

export interface ClientJob {
  case: string;
  contender: string;
  scale: Scale;
  /** A path that nobody else uses, for a Unix domain socket. */
  path: string;
  /** Both sides are pinned to this processor while they are measured. */
  processor?: number;
}

const job: ClientJob = JSON.parse(process.argv[2] ?? '');
if (job.processor !== undefined) pinMeasured(job.processor);
const { run, oneWay = false, limits = {}, alone = false } = caseOf(job.case);
const entryFile = new URL('./server.ts', import.meta.url);

let server: ChildProcess | undefined;
const open = alone ? nothing : await openerOf(job.contender);
const outcome = await run({ contender: job.contender, scale: job.scale, open });
if (server !== undefined) {
  server.stdin?.end();
  await once(server, 'exit');
}
writeSync(3, JSON.stringify(outcome));
process.exit(0);

/** Starts the contender's server, and gives what opens a connection to it. */
async function openerOf(name: string): Promise<() => Promise<Session>> {
  const { file } = contenders[name as keyof typeof contenders];
  const { contender } = (await import(`./contenders/${file}.ts`)) as { contender: Contender };
  const setting = { address: job.path, oneWay, limits };
  const args = [JSON.stringify({ contender: file, setting } satisfies ServerJob)];
  const address = contender.serve === undefined ? job.path : await startServer(args);
  const whole: Setting = { ...setting, address, entry: { file: entryFile, args } };
  return () => contender.connect(whole);
}

/** With this process's own flags: a profile is wanted of both sides. */
async function startServer(args: readonly string[]): Promise<string> {
  server = spawn(process.execPath, [...process.execArgv, fileURLToPath(entryFile), ...args], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  if (server.stdout === null) throw new Error('the server has no output');
  for await (const line of createInterface({ input: server.stdout })) return line;
  throw new Error('the server ended before it said its address');
}

async function nothing(): Promise<never> {
  throw new Error('this case has no contenders');
}
