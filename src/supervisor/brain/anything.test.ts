/** Whatever happens in whatever order, with brains that die in between: in the end everything runs once, as it was asked. */
import assert from 'node:assert/strict';
import { it } from 'node:test';
import { createTestClock } from '../../testkit/clock.ts';
import type { Stack } from '../stack/stack.ts';
import { collect, type StagedStack, stageStack } from './fixtures/staged-stack.ts';

const run = ['program'] as const;
const often = { restarts: 1000, withinMs: 1000 };
const restart = { intensity: often, maxMs: 1000 };
const stack: Stack = {
  groups: { all: { members: ['a', 'b'], strategy: 'one-for-all', intensity: often } },
  services: {
    a: { run, restart },
    b: { run, restart, ready: { by: 'call', timeoutMs: 5000 } },
    web: {
      run,
      restart,
      instances: 3,
      needs: ['a'],
      ready: { by: 'call', timeoutMs: 5000 },
      stop: { drainMs: 300, graceMs: 1000 },
      reload: { healthyMs: 500 },
    },
    odd: { run, restart, stop: { graceMs: 700 } },
  },
};
const services = Object.keys(stack.services);
const steps = 60;
const stories = Number(process.env['KINDRED_STORIES'] ?? 20) * Number(process.env['KINDRED_SOAK'] ?? 1);
const firstSeed = Number(process.env['KINDRED_SEED'] ?? Math.floor(Math.random() * 1e9));

for (let story = 0; story < stories; story++)
  it(`comes to rest as it was asked to (KINDRED_SEED=${firstSeed + story} KINDRED_STORIES=1)`, () =>
    play(firstSeed + story));

async function play(seed: number): Promise<void> {
  const random = generator(seed);
  const pick = <T>(from: readonly T[]): T => from[Math.floor(random() * from.length)] as T;
  const staged = await stageStack(createTestClock(1_000_000), stack);
  staged.keeper.stubborn.add('odd');
  const asked: Promise<unknown>[] = [];
  const ask = (progress: AsyncIterable<never> | ReturnType<StagedStack['control']['start']>): void => {
    asked.push(collect(progress));
  };
  const moves: Record<string, () => unknown> = {
    exit: () => {
      if (staged.keeper.running.length > 0) staged.keeper.exit(pick(staged.keeper.running), { exitCode: 1 });
    },
    ready: () => staged.readyAny(pick),
    time: () => staged.clock.advance(pick([10, 100, 400, 1500, 6000])),
    brain: () => staged.nextBrain(),
    cut: async () => {
      staged.keeper.callsLeft = pick([0, 1, 2, 3, 4, 6, 8]);
      await moves[pick(Object.keys(moves).filter((name) => name !== 'cut'))]?.();
      await staged.settle();
      await staged.nextBrain();
    },
    start: () => ask(staged.control.start([pick(services)])),
    stop: () => ask(staged.control.stop([pick(services)])),
    restart: () => ask(staged.control.restart([pick(services)])),
    reload: () => ask(staged.control.reload([pick(services)], pick([{}, { canary: 1 }]))),
    rollback: () => ask(staged.control.rollback([pick(services)])),
    scale: () => ask(staged.control.scale('web', pick([0, 1, 2, 4]))),
  };
  const told: string[] = [];
  try {
    for (let n = 0; n < steps; n++) {
      const name = pick(['exit', 'ready', 'ready', 'ready', 'time', 'time', 'cut', ...Object.keys(moves)]);
      told.push(name);
      await moves[name]?.();
      await staged.settle();
    }
    for (const service of services) ask(staged.control.rollback([service]));
    ask(staged.control.scale('web', 3));
    ask(staged.control.start([]));
    for (let n = 0; n < 200; n++) {
      while (await staged.readyAny(pick));
      await staged.clock.advance(200);
    }
    assert.deepEqual(
      (await staged.states()).sort(),
      ['a.1', 'b.1', 'odd.1', 'web.1', 'web.2', 'web.3'].map((key) => `${key} ready`),
    );
    assert.deepEqual(
      staged.keeper.running.map((id) => id.split('#')[0]),
      ['a.1', 'b.1', 'odd.1', 'web.1', 'web.2', 'web.3'],
    );
    assert.equal(staged.keeper.processes.size, 6, 'what has ended is forgotten');
    assert.equal(staged.brain.engine.lives.size, 6);
  } catch (error) {
    console.error(`seed ${seed}: ${told.join(' ')}\n${staged.texts().slice(-80).join('\n')}`);
    throw error;
  } finally {
    staged.brain.close();
    await Promise.all(asked);
  }
}

/** mulberry32 */
function generator(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}
