/** A stack stays up: through the ends of its services, through reloads, and through the ends of its brain. */
import assert from 'node:assert/strict';
import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import type { Stack, Supervisor } from '../../src/supervisor/index.ts';
import { until, within } from './fixtures/deadline.ts';
import { ask, httpLoad } from './fixtures/http-load.ts';
import { allLines, countsIn } from './fixtures/numbered.ts';
import { fixture } from './fixtures/programs.ts';
import {
  around,
  done,
  killBrain,
  onPosix,
  pidsOf,
  started,
  statusOf,
  supervising,
} from './fixtures/stacks.ts';
import { isAlive, onStage, type Stage } from './fixtures/stage.ts';

const soak = Number(process.env['KINDRED_SOAK'] ?? 1);
const kills = 4 * soak;
const reloads = soak;

const webPath = (stage: Stage): string => join(stage.dir, 'web');

function stackOf(stage: Stage): Stack {
  const path = webPath(stage);
  return {
    ...around,
    listeners: { web: `unix:${path}` },
    services: {
      db: { run: ['sleep', '100000'] },
      web: {
        fork: fixture('answering.ts'),
        instances: 2,
        needs: ['db'],
        listen: ['web'],
        ready: 'call',
        env: { WEB_PATH: path, WEB_COUNTS: stage.dir },
        logs: { maxBytes: 50_000, files: 1000 },
        reload: { healthyMs: 100 },
      },
    },
  };
}

const supervised = (stage: Stage, story: (stack: Supervisor) => Promise<void>): Promise<void> =>
  supervising(stage, stackOf(stage), async (stack) => {
    await within('all are ready', stack.ready);
    for (const service of ['db', 'web']) pidsOf(stage, await stack.status(), service);
    await story(stack);
  });

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
      const { listeners } = stackOf(stage);
      const config = { ...around, listeners, services: { web: { fork: program, listen: ['web'] } } };
      await supervising(stage, config, async (stack) => {
        await until('it runs', async () => (await stack.status()).instances[0]?.pid !== undefined);
        assert.equal((await stack.status()).instances[0]?.state, 'starting');
        writeFileSync(go, '');
        await within('it is ready', stack.ready);
        assert.equal(await ask(webPath(stage), '/'), 'late');
      });
    }));

  it('reloads under load without a failed request, and without a lost line', () =>
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
        await allLines(() => stack.logs({ services: ['web'] }), countsIn(stage.dir));
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

describe('a started stack', onPosix, () => {
  it('fails no request, restarts nothing and loses no line while its brain is killed again and again', () =>
    onStage((stage) =>
      started(stage, stackOf(stage), async (here) => {
        const before = (await statusOf(here)).instances.map(({ pid, startedAt }) => [pid, startedAt]);
        const load = httpLoad(webPath(stage));
        for (let n = 0; n < kills; n++) await killBrain(stage, here);
        const after = await statusOf(here);
        await load.stop();
        assert.deepEqual(load.failures, []);
        assert.ok(load.answered > 100);
        assert.deepEqual(
          after.instances.map(({ pid, startedAt }) => [pid, startedAt]),
          before,
        );
        assert.equal(after.brain.restarts, kills);
        await allLines(() => here.control.call.logs({ services: ['web'] }), countsIn(stage.dir));
      }),
    ));

  it('restarts what died while there was no brain, and tells why', () =>
    onStage((stage) =>
      started(stage, stackOf(stage), async (here) => {
        const { brain, instances } = await statusOf(here);
        const victim = instances.find(({ service }) => service === 'web')?.pid as number;
        process.kill(brain.pid, 'SIGKILL');
        process.kill(victim, 'SIGKILL');
        await until(
          'it is replaced',
          async () => {
            const now = await statusOf(here).catch(() => undefined);
            stage.watch(now?.brain.pid);
            return (
              now?.services.find(({ service }) => service === 'web')?.ready === 2 &&
              now.brain.pid !== brain.pid
            );
          },
          60_000,
        );
        const pids = pidsOf(stage, await statusOf(here), 'web');
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
      started(stage, stackOf(stage), async (here) => {
        const before = pidsOf(stage, await statusOf(here), 'web');
        const load = httpLoad(webPath(stage));
        const reload = here.control.call.reload(['web']);
        for await (const { text } of reload) if (text.includes('is ready')) break;
        await killBrain(stage, here);
        await until(
          'the reload is over',
          async () =>
            (await statusOf(here)).services.every(
              ({ reloading, ready, instances }) => !reloading && ready === instances,
            ),
          60_000,
        );
        const after = pidsOf(stage, await statusOf(here), 'web');
        await load.stop();
        assert.deepEqual(load.failures, []);
        assert.equal(after.length, 2);
        assert.ok(after.every((pid) => !before.includes(pid)));
      }),
    ));

  it('knows of every service that said it is ready, whichever brain was there to hear it', () =>
    onStage((stage) => {
      const go = join(stage.dir, 'go');
      const wait = 'until [ -e go ]; do sleep 0.01; done';
      const late = (to: string, more: object): Stack['services'][string] => ({
        run: ['sh', '-c', `${wait}; ${to}; exec sleep 100000`],
        ...more,
      });
      const services = {
        line: late('echo READY=1 >&3', { ready: { fd: 3 } }),
        call: late(`eval "echo READY=1 >&\${KINDRED_READY#fd:}"`, { ready: 'call' }),
      };
      writeFileSync(go, '');
      return started(stage, { ...around, services }, async (here) => {
        const said = (): void => writeFileSync(go, '');
        for (const [way, happens] of Object.entries({
          'before it dies': async () => {
            said();
            await killBrain(stage, here);
          },
          'when it is dead': async () => {
            const next = killBrain(stage, here);
            said();
            await next;
          },
          'while another one takes over': async () => {
            const next = here.control.call.upgrade();
            said();
            stage.watch((await next).brain);
          },
        })) {
          rmSync(go);
          here.control.call.restart(Object.keys(services));
          const areAll = (state: string) => async (): Promise<boolean> =>
            (await statusOf(here)).instances.every((one) => one.state === state && one.pid !== undefined);
          await until(`they start again: ${way}`, areAll('starting'));
          const before = Object.keys(services).map(async (name) => pidsOf(stage, await statusOf(here), name));
          const pids = await Promise.all(before);
          await happens();
          await until(`they are ready: ${way}`, areAll('ready'));
          const after = await statusOf(here);
          assert.deepEqual(
            Object.keys(services).map((name) => pidsOf(stage, after, name)),
            pids,
            way,
          );
        }
      });
    }));

  it('has another brain in place of the one that runs, when it is asked to', () =>
    onStage((stage) =>
      started(stage, stackOf(stage), async (here) => {
        const before = await statusOf(here);
        const { brain } = await within('it has one', here.control.call.upgrade(), 60_000);
        stage.watch(brain);
        assert.notEqual(brain, before.brain.pid);
        const after = await statusOf(here);
        assert.equal(after.brain.pid, brain);
        assert.deepEqual(
          after.instances.map(({ pid }) => pid),
          before.instances.map(({ pid }) => pid),
        );
      }),
    ));

  it('goes down in good order when its keeper is told to end', () =>
    onStage((stage) =>
      started(stage, stackOf(stage), async ({ stack, control }) => {
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
      await started(stage, config, async (here) => {
        pid = pidsOf(stage, await statusOf(here), 'db')[0];
        const web = pidsOf(stage, await statusOf(here), 'web');
        process.kill(here.stack.pid, 'SIGKILL');
        await until('the others are gone', () => !web.some(isAlive));
        assert.ok(isAlive(pid as number));
      });
      await started(stage, config, async (here) => {
        assert.deepEqual(pidsOf(stage, await statusOf(here), 'db'), [pid]);
      });
      assert.ok(!isAlive(pid as number));
    }));
});
