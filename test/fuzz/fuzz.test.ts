/**
 * Whatever arrives, from anybody: no mistake of our own, no promise that nobody hears of, no hang, no memory without bound,
 * nothing left behind. `npm run soak -- fuzz` gives ten million inputs; here are as many as take some seconds.
 */
import assert from 'node:assert/strict';
import { after, it } from 'node:test';
import { seed } from '../stories/fixtures/random.ts';
import { runCampaign } from './campaign.ts';
import { watchRejections } from './life.ts';
import { type Used, usedMemory } from './memory.ts';
import { readTargets } from './targets.ts';
import { startWatchdog } from './watchdog.ts';

const MiB = 1024 * 1024;
/** For all targets together. */
const inputs = 120_000 * Number(process.env['KINDRED_SOAK'] ?? 1);
/** What one peer may hold by its limits (a message that arrives, one that leaves, what waits), and what the runtime plays with. */
const mayGrow: Used = { heapBytes: 4 * MiB + 8 * MiB, rssBytes: 128 * MiB };

watchRejections();
const targets = await readTargets();
const watchdog = startWatchdog();
after(() => watchdog.stop());
const total = { inputs: 0, lives: 0, seconds: 0 };

for (const target of targets)
  it(`${target.name}: nothing that arrives does harm (seed ${seed})`, async (t) => {
    const share = Math.ceil(inputs / targets.length);
    const sees = watchdog.sees;
    // Buffers and the heap find their size.
    const warm = await runCampaign(target, { seed, inputs: share / 10, sees });
    const before = await usedMemory();
    const handles = process.getActiveResourcesInfo().length;
    const figures = await runCampaign(target, { seed, inputs: share - warm.inputs, sees, from: warm.next });
    const used = await usedMemory();
    const grown = { heapBytes: used.heapBytes - before.heapBytes, rssBytes: used.rssBytes - before.rssBytes };
    for (const name of ['heapBytes', 'rssBytes'] as const)
      assert.ok(grown[name] < mayGrow[name], `${name} grew by ${grown[name] / MiB} MiB`);
    assert.ok(process.getActiveResourcesInfo().length <= handles, 'timers or handles are left');
    total.inputs += warm.inputs + figures.inputs;
    total.lives += warm.lives + figures.lives;
    total.seconds += warm.seconds + figures.seconds;
    const rate = Math.round(figures.inputs / figures.seconds);
    t.diagnostic(
      `${target.name}: ${warm.inputs + figures.inputs} inputs in ${warm.lives + figures.lives} lives, ${rate} a second, heap ${(grown.heapBytes / MiB).toFixed(1)} MiB more`,
    );
  });

it('gave as many inputs as were asked for', (t) => {
  assert.ok(total.inputs >= inputs);
  const rate = Math.round(total.inputs / total.seconds);
  t.diagnostic(`all: ${total.inputs} inputs in ${total.lives} lives, ${rate} a second, seed ${seed}`);
});
