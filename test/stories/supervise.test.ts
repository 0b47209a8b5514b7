/** A stack stays up: through the ends of its services, through reloads, and through the ends of its brain. */
import assert from 'node:assert/strict';
import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { connect } from '../../src/endpoint/connect.ts';
import type { Peer } from '../../src/rpc/peer.ts';
import {
  type Control,
  type Progress,
  type Stack,
  type StackStatus,
  type StartedStack,
  type Supervisor,
  startStack,
  supervise,
} from '../../src/supervisor/index.ts';
import { until, within } from './fixtures/deadline.ts';
import { ask, httpLoad } from './fixtures/http-load.ts';
import { fixture } from './fixtures/programs.ts';
import { isAlive, onStage, type Stage } from './fixtures/stage.ts';

const onPosix = { skip: process.platform === 'win32' && 'there is no mkfifo' };
const soak = Number(process.env['KINDRED_SOAK'] ?? 1);
const kills = 4 * soak;
const reloads = soak;

const webPath = (stage: Stage): string => join(stage.dir, 'web');

function stackOf(stage: Stage): Stack {
  const path = webPath(stage);
  return {
    name: `story-${process.pid}`,
    listeners: { web: `unix:${path}` },
    env: { STORY_DIR: undefined, STORY_LINE: undefined },
    services: {
      db: { run: ['sleep', '100000'] },
      web: {
        fork: fixture('answering.ts'),
        instances: 2,
        needs: ['db'],
        listen: ['web'],
        ready: 'call',
        env: { WEB_PATH: path },
        reload: { healthyMs: 100 },
      },
    },
  };
}

const placesOf = (stage: Stage) => ({
  directory: join(stage.dir, 'run'),
  logDirectory: join(stage.dir, 'logs'),
});

async function done(what: string, progress: AsyncIterable<Progress>): Promise<Progress[]> {
  const steps: Progress[] = [];
  const read = async (): Promise<void> => {
    for await (const step of progress) steps.push(step);
  };
  await within(`${what} is done`, read(), 60_000);
  assert.equal(steps.at(-1)?.kind, 'done', `${what}: ${JSON.stringify(steps)}`);
  return steps;
}

/** Every process of a service, watched by the stage. */
function pidsOf(stage: Stage, { instances }: StackStatus, service: string): number[] {
  const pids = instances.filter((one) => one.service === service).flatMap(({ pid }) => pid ?? []);
  for (const pid of pids) stage.watch(pid);
  return pids.sort((a, b) => a - b);
}

async function supervised(stage: Stage, story: (stack: Supervisor) => Promise<void>): Promise<void> {
  const { directory, logDirectory } = placesOf(stage);
  const stack = await supervise(stackOf(stage), {
    directory: stage.dir,
    runtimeDirectory: directory,
    logDirectory,
    environment: stage.env,
  });
  try {
    await within('all are ready', stack.ready);
    for (const service of ['db', 'web']) pidsOf(stage, await stack.status(), service);
    await story(stack);
  } finally {
    await within('it is down', stack.close(), 60_000);
  }
  assert.deepEqual([existsSync(join(directory, 'pipes')), existsSync(webPath(stage))], [false, false]);
}

describe('a supervised stack, in this process', onPosix, () => {
  it('answers at its listener, restarts what dies, and says why', () =>
    onStage((stage) =>
      supervised(stage, async (stack) => {
        const before = pidsOf(stage, await stack.status(), 'web');
        assert.ok(before.includes(Number(await ask(webPath(stage), '/'))));
        await ask(webPath(stage), '/die').catch(() => {});
        await until('another one is ready', async () => {
          const { services, instances } = await stack.status();
          return services[1]?.ready === 2 && instances.some(({ restarts }) => restarts === 1);
        });
        pidsOf(stage, await stack.status(), 'web');
        const why = (await stack.why('web')).map(({ text }) => text);
        assert.ok(
          why.some((text) => /^web\.[12] ended with exit code 7$/.test(text)),
          why.join('\n'),
        );
      }),
    ));

  it('takes a program that knows nothing of it for ready when it listens', () =>
    onStage(async (stage) => {
      const go = join(stage.dir, 'go');
      const program = join(stage.dir, 'late.mjs');
      writeFileSync(
        program,
        `import { existsSync } from 'node:fs';
        import { createServer } from 'node:http';
        const timer = setInterval(() => {
          if (!existsSync(${JSON.stringify(go)})) return;
          clearInterval(timer);
          createServer((_, response) => response.end('late')).listen(${JSON.stringify(webPath(stage))});
        }, 10);`,
      );
      const { name, listeners, env } = stackOf(stage);
      const { directory, logDirectory } = placesOf(stage);
      const stack = await supervise(
        { name, listeners, env, services: { web: { fork: program, listen: ['web'] } } },
        { directory: stage.dir, runtimeDirectory: directory, logDirectory, environment: stage.env },
      );
      try {
        await until('it runs', async () => (await stack.status()).instances[0]?.pid !== undefined);
        const status = await stack.status();
        pidsOf(stage, status, 'web');
        assert.equal(status.instances[0]?.state, 'starting');
        writeFileSync(go, '');
        await within('it is ready', stack.ready);
        assert.equal(await ask(webPath(stage), '/'), 'late');
      } finally {
        await within('it is down', stack.close(), 60_000);
      }
    }));

  it('reloads under load without a failed request', () =>
    onStage((stage) =>
      supervised(stage, async (stack) => {
        const load = httpLoad(webPath(stage));
        for (let n = 0; n < reloads; n++) {
          const before = pidsOf(stage, await stack.status(), 'web');
          await done('the reload', stack.reload(['web']));
          const after = pidsOf(stage, await stack.status(), 'web');
          assert.equal(after.length, 2);
          assert.ok(after.every((pid) => !before.includes(pid)));
          const answered = load.answered;
          await until('the new ones answer', () => load.answered > answered + 20);
        }
        await load.stop();
        assert.deepEqual(load.failures, []);
      }),
    ));

  it('has as many instances as it is told', () =>
    onStage((stage) =>
      supervised(stage, async (stack) => {
        const load = httpLoad(webPath(stage));
        await done('the scaling', stack.scale('web', 4));
        assert.equal(pidsOf(stage, await stack.status(), 'web').length, 4);
        await done('the scaling', stack.scale('web', 1));
        assert.equal(pidsOf(stage, await stack.status(), 'web').length, 1);
        await load.stop();
        assert.deepEqual(load.failures, []);
      }),
    ));
});

interface Started {
  stack: StartedStack;
  control: Peer<Control>;
}

/** With a keeper and a brain as processes of their own. */
async function started(
  stage: Stage,
  story: (started: Started) => Promise<void>,
  config: Stack = stackOf(stage),
): Promise<void> {
  writeFileSync(join(stage.dir, 'kindred.config.json'), JSON.stringify(config));
  const places = placesOf(stage);
  const stack = await within(
    'the stack is started',
    startStack(stage.dir, { ...places, detached: false, env: stage.env }),
    60_000,
  );
  stage.watch(stack.pid);
  const control = await connect<Control>(stack.address);
  let wasKilled = false;
  try {
    await done('the start', control.call.start([]));
    const status = await control.call.status();
    for (const service of ['db', 'web']) pidsOf(stage, status, service);
    stage.watch(status.brain.pid);
    await story({ stack, control });
    wasKilled = !isAlive(stack.pid);
    if (!wasKilled) await done('the end', control.call.down());
  } finally {
    await control.close();
    // What is left of a story that has failed.
    if (stack.exited !== undefined) {
      const late = setTimeout(() => process.kill(stack.pid, 'SIGTERM'), 5000);
      await within('the keeper has ended', stack.exited, 60_000);
      clearTimeout(late);
    }
  }
  if (wasKilled && (await stack.exited)?.signal === 'SIGKILL') return;
  assert.deepEqual([existsSync(join(places.directory, 'pipes')), existsSync(webPath(stage))], [false, false]);
}

/** Asks again where the brain died over the question. */
async function status({ control }: Started): Promise<StackStatus> {
  return control.with({ idempotent: true, timeoutMs: 30_000 }).call.status();
}

async function killBrain(stage: Stage, here: Started): Promise<void> {
  const { brain } = await status(here);
  process.kill(brain.pid, 'SIGKILL');
  await until(
    'another brain answers',
    async () => {
      const { pid } = (await status(here).catch(() => ({ brain }))).brain;
      stage.watch(pid);
      return pid !== brain.pid;
    },
    60_000,
  );
}

describe('a started stack', onPosix, () => {
  it('fails no request and restarts nothing while its brain is killed again and again', () =>
    onStage((stage) =>
      started(stage, async (here) => {
        const before = (await status(here)).instances.map(({ pid, startedAt }) => [pid, startedAt]);
        const load = httpLoad(webPath(stage));
        for (let n = 0; n < kills; n++) await killBrain(stage, here);
        const after = await status(here);
        await load.stop();
        assert.deepEqual(load.failures, []);
        assert.ok(load.answered > 100);
        assert.deepEqual(
          after.instances.map(({ pid, startedAt }) => [pid, startedAt]),
          before,
        );
        assert.equal(after.brain.restarts, kills);
      }),
    ));

  it('restarts what died while there was no brain, and tells why', () =>
    onStage((stage) =>
      started(stage, async (here) => {
        const { brain, instances } = await status(here);
        const victim = instances.find(({ service }) => service === 'web')?.pid as number;
        process.kill(brain.pid, 'SIGKILL');
        process.kill(victim, 'SIGKILL');
        await until(
          'it is replaced',
          async () => {
            const now = await status(here).catch(() => undefined);
            stage.watch(now?.brain.pid);
            return (
              now?.services.find(({ service }) => service === 'web')?.ready === 2 &&
              now.brain.pid !== brain.pid
            );
          },
          60_000,
        );
        const pids = pidsOf(stage, await status(here), 'web');
        assert.equal(pids.length, 2);
        assert.ok(!pids.includes(victim));
        const why = (await here.control.call.why('web')).map(({ text }) => text);
        assert.ok(
          why.some((text) => text.includes('was ended by SIGKILL')),
          why.join('\n'),
        );
      }),
    ));

  it('goes on with a reload over which its brain is killed, without a failed request', () =>
    onStage((stage) =>
      started(stage, async (here) => {
        const before = pidsOf(stage, await status(here), 'web');
        const load = httpLoad(webPath(stage));
        const reload = here.control.call.reload(['web']);
        for await (const { text } of reload) if (text.includes('is ready')) break;
        await killBrain(stage, here);
        await until(
          'the reload is over',
          async () =>
            (await status(here)).services.every(
              ({ reloading, ready, instances }) => !reloading && ready === instances,
            ),
          60_000,
        );
        const after = pidsOf(stage, await status(here), 'web');
        await load.stop();
        assert.deepEqual(load.failures, []);
        assert.equal(after.length, 2);
        assert.ok(after.every((pid) => !before.includes(pid)));
      }),
    ));

  it('has another brain in place of the one that runs, when it is asked to', () =>
    onStage((stage) =>
      started(stage, async (here) => {
        const before = await status(here);
        const { brain } = await within('it has one', here.control.call.upgrade(), 60_000);
        stage.watch(brain);
        assert.notEqual(brain, before.brain.pid);
        const after = await status(here);
        assert.equal(after.brain.pid, brain);
        assert.deepEqual(
          after.instances.map(({ pid }) => pid),
          before.instances.map(({ pid }) => pid),
        );
      }),
    ));

  it('goes down in good order when its keeper is told to end', () =>
    onStage((stage) =>
      started(stage, async ({ stack, control }) => {
        const events = control.call.events({ follow: true });
        const texts: string[] = [];
        process.kill(stack.pid, 'SIGTERM');
        try {
          for await (const { text } of events) texts.push(text);
        } catch {
          // It has gone.
        }
        await within('the keeper has ended', Promise.resolve(stack.exited), 60_000);
        const at = (text: string): number => texts.indexOf(text);
        assert.ok(
          at('web.1 is stopped') > 0 && at('db.1 is stopped') > at('web.1 is stopped'),
          texts.join('\n'),
        );
      }),
    ));

  it('goes on, after the end of its keeper, with the services that were to outlive it', () =>
    onStage(async (stage) => {
      const stack = stackOf(stage);
      const db = { ...stack.services['db'], onParentDeath: 'survive' as const };
      const config = { ...stack, services: { ...stack.services, db } };
      let pid: number | undefined;
      await started(
        stage,
        async (here) => {
          pid = pidsOf(stage, await status(here), 'db')[0];
          const web = pidsOf(stage, await status(here), 'web');
          process.kill(here.stack.pid, 'SIGKILL');
          await until('the others are gone', () => !web.some(isAlive));
          assert.ok(isAlive(pid as number));
        },
        config,
      );
      await started(
        stage,
        async (here) => {
          assert.deepEqual(pidsOf(stage, await status(here), 'db'), [pid]);
        },
        config,
      );
      assert.ok(!isAlive(pid as number));
    }));
});
