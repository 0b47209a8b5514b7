/** What changes in a stack on purpose: some instances first, one after the other, at a time, and because of a file. */
import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import type { Stack, Supervisor } from '../../src/supervisor/index.ts';
import { until, within } from './fixtures/deadline.ts';
import { httpLoad } from './fixtures/http-load.ts';
import { fixture } from './fixtures/programs.ts';
import { around, done, onPosix, pidsOf, supervising } from './fixtures/stacks.ts';
import { onStage, type Stage } from './fixtures/stage.ts';

const webPath = (stage: Stage): string => join(stage.dir, 'web');

const web = (stage: Stage, instances: number): Stack => ({
  ...around,
  listeners: { web: `unix:${webPath(stage)}` },
  services: {
    web: {
      fork: fixture('answering.ts'),
      instances,
      listen: ['web'],
      ready: 'call',
      env: { WEB_PATH: webPath(stage) },
      reload: { healthyMs: 50 },
    },
  },
});

/** Under load all the time, of which not one request fails. */
const served = (
  instances: number,
  story: (stage: Stage, stack: Supervisor) => Promise<void>,
): Promise<void> =>
  onStage((stage) =>
    supervising(stage, web(stage, instances), async (stack) => {
      await within('all are ready', stack.ready);
      const load = httpLoad(webPath(stage));
      await story(stage, stack);
      await load.stop();
      assert.deepEqual(load.failures, []);
      assert.ok(load.answered > 0);
    }),
  );

const lines = (path: string): string[] => {
  try {
    return readFileSync(path, 'utf8').split('\n').slice(0, -1);
  } catch {
    return [];
  }
};

describe('a supervised stack', onPosix, () => {
  it('reloads a canary, waits, and goes on with the others or back, without a failed request', () =>
    served(2, async (stage, stack) => {
      const pids = async (): Promise<number[]> => pidsOf(stage, await stack.status(), 'web');
      const first = await pids();
      const isOld = (pid: number): boolean => first.includes(pid);
      const canary = await done('the canary', stack.reload(['web'], { canary: 1 }));
      assert.equal(canary.at(-1)?.text, 'web waits for reload or rollback');
      assert.equal((await pids()).filter(isOld).length, 1);
      await done('the rest', stack.reload(['web']));
      const second = await pids();
      assert.deepEqual([second.length, second.filter(isOld)], [2, []]);
      await done('another canary', stack.reload(['web'], { canary: 1 }));
      await done('the way back', stack.rollback(['web']));
      const { services, instances } = await stack.status();
      assert.deepEqual([services[0]?.ready, services[0]?.reloading ?? false], [2, false]);
      // One has never gone; the canary has given way to another one of what was before.
      assert.equal((await pids()).filter((pid) => second.includes(pid)).length, 1);
      assert.equal(new Set(instances.map(({ generation }) => generation)).size, 1);
    }));

  it('restarts several instances one after the other, without a failed request', () =>
    served(2, async (stage, stack) => {
      const before = pidsOf(stage, await stack.status(), 'web');
      const steps = await done('the restart', stack.restart(['web']));
      const after = pidsOf(stage, await stack.status(), 'web');
      assert.deepEqual([after.length, after.filter((pid) => before.includes(pid))], [2, []]);
      const at = (text: string): number => steps.findIndex((step) => step.text.includes(text));
      assert.ok(at('web.1 is ready') < at('web.2 is told to end'), JSON.stringify(steps));
    }));

  it('starts a scheduled service at its times, and never twice at a time', () =>
    onStage(async (stage) => {
      const ran = join(stage.dir, 'ran');
      const stack: Stack = {
        ...around,
        services: {
          job: {
            run: ['sh', '-c', 'mkdir lock || echo twice >>ran; echo begun >>ran; sleep 0.3; rmdir lock'],
            schedule: { nextRun: (after) => new Date(after.getTime() + 200) },
          },
        },
      };
      await supervising(stage, stack, async (stack) => {
        await until('it has run three times', () => lines(ran).length >= 3);
        await done('the stop', stack.stop(['job']));
        assert.deepEqual([...new Set(lines(ran))], ['begun']);
        const texts: string[] = [];
        for await (const { text } of stack.events()) texts.push(text);
        assert.ok(texts.includes('it is time for job.1'), texts.join('\n'));
        assert.ok(texts.includes('it is time for job.1, which still runs: left out'), texts.join('\n'));
      });
    }));

  it('restarts a service whose files have changed', () =>
    onStage(async (stage) => {
      writeFileSync(join(stage.dir, 'source'), 'one');
      const config: Stack = {
        ...around,
        services: {
          shop: {
            run: ['sh', '-c', 'echo "$(cat source)" >>said; exec sleep 100000'],
            watch: { paths: ['source'], debounceMs: 50 },
          },
        },
      };
      await supervising(stage, config, async (stack) => {
        await until('it runs', () => lines(join(stage.dir, 'said')).length === 1);
        pidsOf(stage, await stack.status(), 'shop');
        writeFileSync(join(stage.dir, 'source'), 'two');
        await until('it runs what is new', () => lines(join(stage.dir, 'said')).at(-1) === 'two');
        const why = (await stack.why('shop')).map(({ text }) => text);
        assert.ok(
          why.some((text) => /^shop: .*source changed$/.test(text)),
          why.join('\n'),
        );
      });
    }));
});
