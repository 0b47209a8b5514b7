/** A started stack stays up, whatever becomes of its brain and of its keeper. */
import assert from 'node:assert/strict';
import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import type { Stack } from '../../src/supervisor/index.ts';
import { until, within } from './fixtures/deadline.ts';
import { httpLoad } from './fixtures/http-load.ts';
import {
  around,
  killBrain,
  onPosix,
  pidsOf,
  started,
  statusOf,
  webPath,
  webStack,
} from './fixtures/stacks.ts';
import { isAlive, onStage } from './fixtures/stage.ts';

describe('a started stack', onPosix, () => {
  it('restarts what died while there was no brain, and tells why', () =>
    onStage((stage) =>
      started(stage, webStack(stage), async (here) => {
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
      started(stage, webStack(stage), async (here) => {
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
      started(stage, webStack(stage), async (here) => {
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
      started(stage, webStack(stage), async ({ stack, control }) => {
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
      const stack = webStack(stage);
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
