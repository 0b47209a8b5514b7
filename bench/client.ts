/**
 * One round: `node client.ts JOB`. Starts the server where the contender has one, runs the case, and writes what came
 * out of it to descriptor 3 as JSON.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { writeSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import type { Outcome, Scale } from './cases/lab.ts';
import { caseOf, type Way } from './cases.ts';
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
  /** Measured one after the other, with the same processes. A process that is pinned stays so: `pinned` is the last. */
  ways: readonly Way[];
  /** The one to be pinned to. */
  processor: number;
}

export type Outcomes = Partial<Record<Way, Outcome>>;

/** Of the warm-up, for a further way: the code is compiled. */
const warmAgain = 0.2;

const job: ClientJob = JSON.parse(process.argv[2] ?? '');
const { run, oneWay = false, limits = {}, alone = false } = caseOf(job.case);
const entryFile = new URL('./server.ts', import.meta.url);

let server: ChildProcess | undefined;
const kept = keepSessions(alone ? nothing : await openerOf(job.contender));
const outcomes: Outcomes = {};
for (const [i, way] of job.ways.entries()) {
  if (way === 'pinned') pinMeasured(job.processor);
  const warmCpuMs = job.scale.warmCpuMs * (i === 0 ? 1 : warmAgain);
  outcomes[way] = await run({
    contender: job.contender,
    scale: { ...job.scale, warmCpuMs },
    open: kept.open,
  });
  kept.rewind();
}
await kept.close();
if (server !== undefined) {
  server.stdin?.end();
  await once(server, 'exit');
}
writeSync(3, JSON.stringify(outcomes));
process.exit(0);

/** What one way has opened and closed, the next gets again, in the same order. */
function keepSessions(open: () => Promise<Session>) {
  const all: Promise<Session>[] = [];
  let given = 0;
  return {
    async open(): Promise<Session> {
      const i = given++;
      all[i] ??= open();
      return Object.assign(Object.create(await all[i]) as Session, { close() {} });
    },
    rewind(): void {
      given = 0;
    },
    async close(): Promise<void> {
      await Promise.all(all.map(async (session) => (await session).close()));
    },
  };
}

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
