/** The brain of a stack is killed again and again, and nobody notices: not who calls its services, nor they, nor their logs. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { httpLoad } from './fixtures/http-load.ts';
import { allLines, countsIn } from './fixtures/numbered.ts';
import { killBrain, onPosix, started, statusOf, webPath, webStack } from './fixtures/stacks.ts';
import { onStage } from './fixtures/stage.ts';

const soak = Number(process.env['KINDRED_SOAK'] ?? 1);
/** A soak of 50 has 200. */
const kills = soak === 1 ? 10 : 4 * soak;

describe('a started stack', onPosix, () => {
  it('fails no request, restarts nothing and loses no line while its brain is killed again and again', (t) =>
    onStage((stage) =>
      started(stage, webStack(stage), async (here) => {
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
        const counts = countsIn(stage.dir);
        await allLines(() => here.control.call.logs({ services: ['web'] }), counts);
        const lines = [...counts.values()].reduce((sum, last) => sum + last + 1, 0);
        t.diagnostic(`${kills} kills, ${load.answered} requests answered, ${lines} lines in the logs`);
      }),
    ));
});
