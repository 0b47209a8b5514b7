/** Connections of a stack that are given out by a rule: to whom, and through the deaths of all that have to do with it. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { existsSync, writeFileSync } from 'node:fs';
import { get, type IncomingMessage } from 'node:http';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { describe, it } from 'node:test';
import { connect } from '../../src/endpoint/connect.ts';
import type { Peer } from '../../src/rpc/peer.ts';
import {
  type Control,
  type Progress,
  type StackStatus,
  startStack,
  supervise,
} from '../../src/supervisor/index.ts';
import { until, within } from './fixtures/deadline.ts';
import { httpLoad } from './fixtures/http-load.ts';
import { fixture } from './fixtures/programs.ts';
import { isAlive, onStage, type Stage } from './fixtures/stage.ts';

const onPosix = { skip: process.platform === 'win32' && 'there is no keeper' };
const soak = Number(process.env['KINDRED_SOAK'] ?? 1);
const handles = new URL('../../src/handles/index.ts', import.meta.url).href;

const byUser =
  'byFirstBytes({ key: (bytes) => /x-user: (\\w+)/.exec(bytes.toString("latin1"))?.[1], timeoutMs: 200 })';
const byNumber = (a: number, b: number): number => a - b;

interface Scene {
  readonly stage: Stage;
  readonly control: Peer<Control>;
  readonly path: string;
}

interface StackParts {
  /** A rule, as source text. */
  pick?: string;
  /** More fields of the service, as source text. */
  service?: string;
  /** In place of a server at a path, as source text. */
  program?: string;
  /** Where it listens. Default: at a path. */
  address?: string;
  /** Beside the config. */
  files?: Record<string, string>;
}

function writeConfig({ dir }: Stage, { pick, service = '', program, address, files = {} }: StackParts): void {
  const path = join(dir, 'web');
  for (const [name, content] of Object.entries(files)) writeFileSync(join(dir, name), content);
  writeFileSync(
    join(dir, 'kindred.config.mjs'),
    `import { byFirstBytes, roundRobin, stickyByAddress } from ${JSON.stringify(handles)};
    export default {
      name: 'routed-${process.pid}',
      listeners: { web: ${JSON.stringify(address ?? `unix:${path}`)} },
      env: { STORY_DIR: undefined, STORY_LINE: undefined },
      services: {
        web: {
          ${program ?? `fork: ${JSON.stringify(fixture('answering.ts'))}`}, instances: 2, env: { WEB_PATH: ${JSON.stringify(path)} },
          reload: { healthyMs: 100 }, ${service}
        },
      },
      routes: { web: { to: 'web', ${pick === undefined ? '' : `pick: ${pick}`} } },
    };`,
  );
}

/** A stack with processes of its own, whose services are all ready. */
function routed(parts: StackParts, story: (scene: Scene) => Promise<void>): Promise<void> {
  return onStage(async (stage) => {
    writeConfig(stage, parts);
    const directory = join(stage.dir, 'run');
    const stack = await within(
      'the stack is started',
      startStack(stage.dir, {
        directory,
        logDirectory: join(stage.dir, 'logs'),
        detached: false,
        env: stage.env,
      }),
      60_000,
    );
    stage.watch(stack.pid);
    const control = await connect<Control>(stack.address);
    try {
      await done('the start', control.call.start([]));
      await until('there is a router', async () => routerOf(await status(control)) !== undefined);
      watchAll(stage, await status(control));
      await story({ stage, control, path: join(stage.dir, 'web') });
      watchAll(stage, await status(control));
      await done('the end', control.call.down());
    } finally {
      await control.close();
      const late = setTimeout(() => process.kill(stack.pid, 'SIGTERM'), 5000);
      await within('the keeper has ended', Promise.resolve(stack.exited), 60_000);
      clearTimeout(late);
    }
    assert.equal(existsSync(join(directory, 'pipes')), false);
  });
}

async function done(what: string, progress: AsyncIterable<Progress>): Promise<void> {
  const steps: Progress[] = [];
  const read = async (): Promise<void> => {
    for await (const step of progress) steps.push(step);
  };
  await within(`${what} is done`, read(), 60_000);
  assert.equal(steps.at(-1)?.kind, 'done', `${what}: ${JSON.stringify(steps)}`);
}

/** Asks again where the brain died over the question. */
function status(control: Peer<Control>): Promise<StackStatus> {
  return control.with({ idempotent: true, timeoutMs: 30_000 }).call.status();
}

function routerOf({ listeners }: StackStatus): number | undefined {
  return listeners[0]?.route?.pid;
}

function pidsOf({ instances }: StackStatus): number[] {
  return instances.flatMap(({ pid }) => pid ?? []).sort(byNumber);
}

function watchAll(stage: Stage, now: StackStatus): void {
  for (const pid of [...pidsOf(now), routerOf(now), now.brain.pid, now.keeper?.pid]) stage.watch(pid);
}

/** Another one in its place. */
async function killRouter({ stage, control }: Scene): Promise<void> {
  const before = routerOf(await status(control)) as number;
  process.kill(before, 'SIGKILL');
  await until('another router gives out', async () => {
    const now = routerOf(await status(control));
    stage.watch(now);
    return now !== undefined && now !== before;
  });
}

async function killBrain({ stage, control }: Scene): Promise<void> {
  const { brain } = await status(control);
  process.kill(brain.pid, 'SIGKILL');
  await until(
    'another brain answers',
    async () => {
      const { pid } = (await status(control).catch(() => ({ brain }))).brain;
      stage.watch(pid);
      return pid !== brain.pid;
    },
    60_000,
  );
}

/** Clients that come one after another, each over a connection of its own. */
function visiting(path: string): { answered: number; stop(): Promise<string[]> } {
  const failures: string[] = [];
  let isOver = false;
  const visits = {
    answered: 0,
    async stop() {
      isOver = true;
      await visited;
      return failures;
    },
  };
  const visit = async (): Promise<void> => {
    while (!isOver) {
      try {
        await answer(path);
        visits.answered++;
      } catch (error) {
        failures.push(String(error));
      }
    }
  };
  const visited = visit();
  return visits;
}

/** Who answers, over a connection of its own. */
async function answer(path: string, headers: Record<string, string> = {}): Promise<number> {
  const [response] = (await once(get({ socketPath: path, agent: false, headers }), 'response')) as [
    IncomingMessage,
  ];
  return Number(await text(response));
}

/** Asks until each of these has answered, and nobody else: a router knows each a moment after it is ready. */
async function allAnswer(one: () => Promise<number>, pids: readonly number[]): Promise<void> {
  const seen = new Set<number>();
  await until('all of them answer', async () => {
    seen.add(await one());
    return seen.size >= pids.length;
  });
  assert.deepEqual([...seen].sort(byNumber), pids);
}

async function answers(path: string, count: number): Promise<number[]> {
  const said: number[] = [];
  for (let n = 0; n < count; n++) said.push(await answer(path));
  return said;
}

describe('a route of a stack', onPosix, () => {
  it('gives connections to the instances of its service by its rule', () =>
    routed({ pick: 'roundRobin()' }, async ({ control, path }) => {
      await allAnswer(() => answer(path), pidsOf(await status(control)));
      const said = await answers(path, 6);
      for (let n = 2; n < said.length; n++) assert.equal(said[n], said[n - 2], said.join(' '));
    }));

  it('reads a rule of the config that looks at first bytes, and finds an instance again under its name', () =>
    routed({ pick: byUser }, async (scene) => {
      const { stage, control, path } = scene;
      const users = ['ada', 'ben', 'cleo', 'dan', 'eve', 'finn'];
      const placesOf = async (): Promise<string[]> => {
        let n = 0;
        const any = () => answer(path, { 'x-user': users[n++ % users.length] as string });
        await allAnswer(any, pidsOf(await status(control)));
        const places: string[] = [];
        for (const user of users) {
          const pid = await answer(path, { 'x-user': user });
          const { instances } = await status(control);
          places.push(`${user}: ${instances.find((one) => one.pid === pid)?.instance}`);
        }
        return places;
      };
      const before = await placesOf();
      assert.equal(new Set(before.map((place) => place.split(' ')[1])).size, 2, before.join(', '));
      await done('the reload', control.call.reload(['web']));
      watchAll(stage, await status(control));
      assert.deepEqual(await placesOf(), before);
      await killRouter(scene);
      assert.deepEqual(await placesOf(), before);
    }));

  it('is reloaded under load without a failed request', () =>
    routed({}, async ({ stage, control, path }) => {
      const loads = [httpLoad(path), httpLoad(path)];
      const visits = visiting(path);
      for (let n = 0; n < soak; n++) {
        const before = pidsOf(await status(control));
        await done('the reload', control.call.reload(['web']));
        const now = await status(control);
        watchAll(stage, now);
        assert.ok(pidsOf(now).every((pid) => !before.includes(pid)));
      }
      for (const load of loads) await load.stop();
      assert.deepEqual([...(await visits.stop()), ...loads.flatMap(({ failures }) => failures)], []);
      assert.ok(visits.answered > 10 && loads.every(({ answered }) => answered > 50));
    }));

  it('goes on untouched while the brain is killed', () =>
    routed({}, async (scene) => {
      const { control, path } = scene;
      const before = await status(control);
      const load = httpLoad(path);
      const visits = visiting(path);
      for (let n = 0; n < soak; n++) await killBrain(scene);
      await load.stop();
      assert.deepEqual([...(await visits.stop()), ...load.failures], []);
      const after = await status(control);
      assert.deepEqual([pidsOf(after), routerOf(after)], [pidsOf(before), routerOf(before)]);
      assert.ok(visits.answered > 10);
    }));

  it('lets clients wait while its router is killed and started again, and disturbs no connection', () =>
    routed({}, async (scene) => {
      const { control, path } = scene;
      const before = pidsOf(await status(control));
      const load = httpLoad(path);
      await until('it is under load', () => load.answered > 20);
      for (let n = 0; n < 3 * soak; n++) {
        const router = routerOf(await status(control)) as number;
        process.kill(router, 'SIGKILL');
        // Nobody accepts in this moment.
        assert.ok(before.includes(await answer(path)));
        await until('another router is told of', async () => {
          const now = routerOf(await status(control));
          scene.stage.watch(now);
          return now !== undefined && now !== router;
        });
      }
      await load.stop();
      assert.deepEqual(load.failures, []);
      assert.deepEqual(pidsOf(await status(control)), before);
    }));

  it('gives to others what an instance that dies has not taken', () =>
    routed({ pick: '(_connection, workers) => workers[0]' }, async ({ stage, control, path }) => {
      const first = await answer(path);
      process.kill(first, 'SIGSTOP');
      const waiting = Promise.all(Array.from({ length: 20 }, () => answer(path)));
      process.kill(first, 'SIGKILL');
      const said = await within('they are answered', waiting);
      assert.ok(!said.includes(first), said.join(' '));
      await until('another one is ready', async () => (await status(control)).services[0]?.ready === 2);
      watchAll(stage, await status(control));
    }));

  it('keeps who comes while no instance runs waiting for the next one', () =>
    routed({ service: 'instances: 1' }, async ({ stage, control, path }) => {
      const [only] = pidsOf(await status(control)) as [number];
      process.kill(only, 'SIGKILL');
      await until('it is gone', () => !isAlive(only));
      const next = await within('it is answered', answer(path));
      watchAll(stage, await status(control));
      assert.deepEqual(pidsOf(await status(control)), [next]);
    }));

  it('has another router in place of the one before when its rule is changed, without a failed request', () =>
    routed({ pick: 'roundRobin()' }, async ({ stage, control, path }) => {
      const before = await status(control);
      const visits = visiting(path);
      writeConfig(stage, { pick: '(_connection, workers) => workers[0]' });
      await done('the change', control.call.apply());
      await until('it is another', async () => routerOf(await status(control)) !== routerOf(before));
      watchAll(stage, await status(control));
      await until('the one before has gone', () => !isAlive(routerOf(before) as number));
      assert.deepEqual(await visits.stop(), []);
      await until('one gets them all', async () => new Set(await answers(path, 4)).size === 1);
      assert.deepEqual(pidsOf(await status(control)), pidsOf(before));
    }));

  it('is kept in the process of a program that supervises the stack itself', () =>
    onStage(async (stage) => {
      writeConfig(stage, { pick: 'roundRobin()' });
      const stack = await supervise(stage.dir, {
        runtimeDirectory: join(stage.dir, 'run'),
        logDirectory: join(stage.dir, 'logs'),
        environment: stage.env,
      });
      try {
        await within('all are ready', stack.ready);
        const now = await stack.status();
        for (const pid of pidsOf(now)) stage.watch(pid);
        await allAnswer(() => answer(join(stage.dir, 'web')), pidsOf(now));
        stage.watch(routerOf(await stack.status()));
      } finally {
        await within('it is down', stack.close(), 60_000);
      }
    }));

  it('is obeyed by hosted modules', () =>
    routed(
      {
        program: `host: ${JSON.stringify(join('.', 'service.mjs'))}`,
        pick: 'roundRobin()',
        files: { 'service.mjs': 'export const pid = () => process.pid;' },
      },
      async ({ control, path }) => {
        const pid = async (): Promise<number> => {
          const peer = await connect<{ pid(): number }>(`unix:${path}`);
          try {
            return await peer.call.pid();
          } finally {
            await peer.close();
          }
        };
        await allAnswer(pid, pidsOf(await status(control)));
      },
    ));

  it('tells a server that took it by its name, at a port, the truth of its address', () =>
    routed(
      {
        address: 'tcp://127.0.0.1:0',
        program: "fork: './taker.mjs'",
        files: {
          'taker.mjs': `
            import { createServer } from 'node:http';
            import { inherited } from ${JSON.stringify(handles)};
            const server = createServer((request, response) => response.end(JSON.stringify({
              at: server.address(), from: request.socket.remoteAddress, to: request.socket.localPort })));
            inherited('web', server);`,
        },
      },
      async ({ control }) => {
        const { bound } = (await status(control)).listeners[0] as { bound: string };
        const port = Number(new URL(bound).port);
        const [response] = (await once(get({ port, host: '127.0.0.1', agent: false }), 'response')) as [
          IncomingMessage,
        ];
        assert.deepEqual(JSON.parse(await text(response)), {
          at: { address: '127.0.0.1', family: 'IPv4', port },
          from: '127.0.0.1',
          to: port,
        });
      },
    ));
});
