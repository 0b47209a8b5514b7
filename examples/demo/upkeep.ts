/** A stack that stays up, kept by the command as a person uses it: killed here and there, reloaded, and taken down. */
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { execFile } from 'kindred/process';
import type { StackStatus } from 'kindred/supervisor';
import * as screen from './screen.ts';
import type { Stage } from './stage.ts';
import { step } from './step.ts';

const inRoot = (file: string): string => fileURLToPath(new URL(`../../${file}`, import.meta.url));

const melonCosts = 'Welcome! A melon is 3.';

export async function aStackThatStaysUp(stage: Stage): Promise<void> {
  screen.title(
    'A stack that stays up',
    'examples/stack: a service with the prices, and a web server in two processes.',
  );
  const table = screen.table(26, 49);
  const kindred = commandOf(stage);
  const look = async (): Promise<StackStatus> => JSON.parse(await kindred('ps', '--json'));

  const begun = await step('kindred up --detach', async () => {
    stage.started({ pid: undefined, stop: () => kindred('down').catch(() => {}) });
    await kindred('up', '--detach', '--config', inRoot('examples/stack/kindred.config.ts'));
    const status = await look();
    assert.equal(status.instances.filter(({ state }) => state === 'ready').length, 3);
    return remembered(stage, status);
  });
  const address = begun.listeners.find(({ name }) => name === 'web')?.bound.replace('tcp:', 'http:') ?? '';
  const melon = `${address}/melon`;
  table.row('kindred up --detach', 'prices.1, web.1 and web.2 are ready');

  const before = await step('kill -9 of a worker', async () => {
    const victim = pidOf(begun, 'web', 1);
    process.kill(victim, 'SIGKILL');
    assert.equal(await (await fetch(melon)).text(), melonCosts);
    const status = await until(
      look,
      ({ instances }) => instances.every(({ state }) => state === 'ready') && pidsOf(instances)[1] !== victim,
    );
    table.row(`kill -9 ${victim} (web.1)`, `started again, as ${pidOf(status, 'web', 1)}; web.2 answered`);
    return remembered(stage, status);
  });

  const why = await step('kindred why web', () => kindred('why', 'web'));

  const customer = await step('a customer', () => startCustomer(melon));
  await step('kill -9 of the brain', async () => {
    const { pid } = before.brain;
    process.kill(pid, 'SIGKILL');
    const status = await until(look, ({ brain }) => brain.pid !== pid);
    assert.deepEqual(pidsOf(status.instances), pidsOf(before.instances), 'no service was touched');
    remembered(stage, status);
    table.row(`kill -9 ${pid} (the brain)`, `${status.brain.pid} decides now; no service was touched`);
  });
  await step('kindred reload web', async () => {
    await kindred('reload', 'web');
    const status = remembered(stage, await look());
    assert.notEqual(pidOf(status, 'web', 2), pidOf(before, 'web', 2));
    table.row('kindred reload web', 'two new processes, one after the other');
  });
  const answers = await step('a customer who noticed nothing', () => customer.leave());
  table.row('a customer, meanwhile', `asked ${answers} times; not one request failed`);

  await step('kindred ps', async () => screen.shown('kindred ps', await kindred('ps')));
  screen.shown('kindred why web    (after the kill of web.1)', why);
  await step('kindred down', async () => {
    await kindred('down');
    screen.shown('kindred down', 'nothing of it is left\n');
  });
}

/** The command, about this stack alone; gives what it says on stdout. */
function commandOf(stage: Stage): (...args: string[]) => Promise<string> {
  const program = inRoot('packages/cli/bin/from-source.js');
  const env = { ...process.env, XDG_STATE_HOME: join(stage.folder, 'state') };
  return async (verb, ...args) => {
    const name = ['--name', `demo-${process.pid}`];
    const done = await execFile(process.execPath, [program, verb as string, ...name, ...args], { env });
    return done.orThrow().stdout;
  };
}

/** All of it is to be gone in the end. */
function remembered(stage: Stage, status: StackStatus): StackStatus {
  for (const pid of [status.keeper?.pid, status.brain.pid, ...pidsOf(status.instances)])
    stage.started({ pid, stop: async () => {} });
  return status;
}

async function until(
  look: () => Promise<StackStatus>,
  holds: (status: StackStatus) => boolean,
): Promise<StackStatus> {
  for (;;) {
    // While no brain runs nobody answers.
    const status = await look().catch(() => undefined);
    if (status !== undefined && holds(status)) return status;
    await pause(20);
  }
}

const pidsOf = (instances: StackStatus['instances']): (number | undefined)[] =>
  instances.map(({ pid }) => pid);

function pidOf({ instances }: StackStatus, service: string, instance: number): number {
  const pid = instances.find((each) => each.service === service && each.instance === instance)?.pid;
  assert.ok(pid !== undefined, `${service}.${instance} runs`);
  return pid;
}

/** Asks one question after the other, over connections that are kept; each must be answered. */
async function startCustomer(url: string): Promise<{ leave(): Promise<number> }> {
  const leaving = new AbortController();
  let answers = 0;
  const ask = async (): Promise<void> => {
    const response = await fetch(url);
    assert.equal(await response.text(), melonCosts);
    answers += 1;
  };
  await ask();
  const asking = (async () => {
    while (!leaving.signal.aborted) await ask();
  })();
  asking.catch(() => {}); // whoever waits for the end is told
  return {
    async leave() {
      leaving.abort();
      await asking;
      return answers;
    },
  };
}
