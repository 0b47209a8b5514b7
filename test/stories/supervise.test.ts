/** A stack stays up: through the ends of its services, and through reloads. */
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import type { Supervisor } from '../../src/supervisor/index.ts';
import { until, within } from './fixtures/deadline.ts';
import { ask, httpLoad } from './fixtures/http-load.ts';
import { allLines, countsIn } from './fixtures/numbered.ts';
import { around, done, onPosix, pidsOf, supervising, webPath, webStack } from './fixtures/stacks.ts';
import { onStage, type Stage } from './fixtures/stage.ts';

const soak = Number(process.env['KINDRED_SOAK'] ?? 1);
const reloads = soak;

const supervised = (stage: Stage, story: (stack: Supervisor) => Promise<void>): Promise<void> =>
  supervising(stage, webStack(stage), async (stack) => {
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
      const { listeners } = webStack(stage);
      const config = { ...around, listeners, services: { web: { fork: program, listen: ['web'] } } };
      await supervising(stage, config, async (stack) => {
        await until('it runs', async () => (await stack.status()).instances[0]?.pid !== undefined);
        assert.equal((await stack.status()).instances[0]?.state, 'starting');
        writeFileSync(go, '');
        await within('it is ready', stack.ready);
        assert.equal(await ask(webPath(stage), '/'), 'late');
      });
    }));

  it('reloads under load without a failed request, and without a lost line', (t) =>
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
        const counts = countsIn(stage.dir);
        await allLines(() => stack.logs({ services: ['web'] }), counts);
        const lines = [...counts.values()].reduce((sum, last) => sum + last + 1, 0);
        t.diagnostic(`${reloads} reloads, ${load.answered} requests answered, ${lines} lines in the logs`);
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
