/**
 * How long it takes to start: what the import of the library adds to an empty program, and how long a child takes to
 * its first reply. Of the library as it is published, built into a folder of its own.
 */
import { fork, spawn } from 'node:child_process';
import { once } from 'node:events';
import { cpSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { stage } from '../../tools/stage.ts';
import { meter } from '../measure/meter.ts';
import { spread } from '../measure/statistics.ts';
import type { Run } from './lab.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));
const built = join(root, '.cache', 'bench', 'built');
const program = (name: string): string => join(built, `${name}.js`);
const starts = 7;

/** Called by the driver before these cases. */
export async function build(): Promise<void> {
  await stage(root, built);
  cpSync(new URL('../programs', import.meta.url), built, { recursive: true });
}

/** From the start of a program to its end. The contender is the program's name. */
export const wholeProgram: Run = async ({ contender }) => {
  const run = async (): Promise<undefined> => {
    const child = spawn(process.execPath, [program(contender)], {
      stdio: ['ignore', 'ignore', 'inherit'],
      env: plain(),
    });
    const [code] = (await once(child, 'exit')) as [number | null];
    if (code !== 0) throw new Error(`${contender} ended with ${code}`);
  };
  return repeated(run);
};

/** From the call that starts a child to the first reply. */
export const firstReply: Run = async ({ contender }) => {
  Object.assign(process.env, plain());
  const byHand = async (): Promise<() => Promise<unknown>> => {
    const child = fork(program('fork-child'), { execArgv: [] });
    child.send('hello');
    const [reply] = (await once(child, 'message')) as [unknown];
    if (reply !== 'hello') throw new Error('the child answered with another value');
    return () => {
      child.disconnect();
      return once(child, 'exit');
    };
  };
  const { host } = (await import(
    pathToFileURL(join(built, 'node_modules/kindred/dist/index.js')).href
  )) as typeof import('kindred');
  const hosted = async (): Promise<() => Promise<unknown>> => {
    const child = await host<{ echo(value: string): string }>(pathToFileURL(program('echo-service')), {
      execArgv: [],
    });
    if ((await child.call.echo('hello')) !== 'hello')
      throw new Error('the child answered with another value');
    return () => child.close();
  };
  return repeated(contender === 'fork' ? byHand : hosted);
};

/** The middle of a few starts; what a start returns is run afterwards, and not measured. */
async function repeated(start: () => Promise<(() => Promise<unknown>) | undefined>): ReturnType<Run> {
  const times: number[] = [];
  await (await start())?.();
  const { usage } = await meter(async () => {
    for (let i = 0; i < starts; i++) {
      const from = performance.now();
      const after = await start();
      times.push(performance.now() - from);
      await after?.();
    }
  });
  return { figures: { startMs: spread(times).median }, usage };
}

/** As in a user's shell: without the flags that lead to the sources. */
function plain(): NodeJS.ProcessEnv {
  return { ...process.env, NODE_OPTIONS: '' };
}
