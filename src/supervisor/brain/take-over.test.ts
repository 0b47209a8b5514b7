import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { KindredError } from '../../base/errors.ts';
import { createTestClock } from '../../testkit/clock.ts';
import type { Stack } from '../stack/stack.ts';
import { checked, collect, type StagedStack, stageStack as stageOn } from './fixtures/staged-stack.ts';

const stageStack = (stack: Stack): Promise<StagedStack> => stageOn(createTestClock(1_000_000), stack);
const run = ['program'] as const;
const call = { by: 'call' } as const;

describe('a brain that takes over', () => {
  it('touches nothing that runs', async () => {
    const staged = await stageStack({ services: { db: { run }, web: { run, instances: 2, needs: ['db'] } } });
    const before = (await staged.control.status()).instances;
    staged.keeper.told.length = 0;
    for (let n = 0; n < 3; n++) await staged.nextBrain();
    assert.deepEqual(staged.keeper.told, []);
    assert.deepEqual((await staged.control.status()).instances, before);
  });

  it('handles what ended while there was none', async () => {
    const staged = await stageStack({ services: { web: { run }, job: { run, restart: 'transient' } } });
    staged.brain.close();
    staged.keeper.exit('web.1#1', { exitCode: 5 });
    staged.keeper.exit('job.1#1', { exitCode: 0 });
    await staged.nextBrain();
    assert.deepEqual(await staged.states(), ['web.1 backoff', 'job.1 ended']);
    await staged.clock.advance(200);
    assert.deepEqual(staged.keeper.running, ['web.1#2']);
    assert.ok((await staged.control.why('web')).some(({ text }) => text === 'web.1 ended with exit code 5'));
  });

  it('goes on with a wait, and with what counts against a service', async () => {
    const restart = { intensity: { restarts: 1, withinMs: 60_000 } };
    const staged = await stageStack({ services: { web: { run, restart } } });
    staged.keeper.exit('web.1#1');
    await staged.clock.advance(150);
    await staged.nextBrain();
    await staged.clock.advance(49);
    assert.deepEqual(await staged.states(), ['web.1 backoff']);
    await staged.clock.advance(1);
    assert.deepEqual(await staged.states(), ['web.1 ready']);
    await staged.nextBrain();
    staged.keeper.exit('web.1#2');
    await staged.settle();
    assert.deepEqual(await staged.states(), ['web.1 failed']);
  });

  it('waits for one that was starting, and no longer than it would have had', async () => {
    const staged = await stageStack({ services: { web: { run, ready: { ...call, timeoutMs: 1000 } } } });
    await staged.clock.advance(600);
    await staged.nextBrain();
    await staged.clock.advance(399);
    assert.deepEqual(await staged.states(), ['web.1 starting']);
    await staged.clock.advance(1);
    assert.deepEqual(await staged.states(), ['web.1 backoff']);
  });

  it('finishes a stop that was under way', async () => {
    const staged = await stageStack({ services: { web: { run, stop: { graceMs: 5000 } } } });
    staged.keeper.stubborn.add('web');
    void collect(staged.control.stop(['web']));
    await staged.clock.advance(1000);
    await staged.nextBrain();
    assert.deepEqual(await staged.states(), ['web.1 stopping']);
    await staged.clock.advance(5000);
    await staged.settle();
    assert.deepEqual(await staged.states(), ['web.1 stopped']);
  });

  it('goes on with a reload that was half done', async () => {
    const staged = await stageStack({ services: { web: { run, instances: 2, ready: call } } });
    await staged.ready('web.1#1');
    await staged.ready('web.2#1');
    void collect(staged.control.reload(['web']));
    await staged.settle();
    await staged.ready('web.1#2');
    await staged.clock.advance(3000);
    await staged.nextBrain();
    assert.equal((await staged.control.status()).services[0]?.reloading, true);
    await staged.clock.advance(1999);
    assert.deepEqual(staged.keeper.running, ['web.1#1', 'web.1#2', 'web.2#1']);
    await staged.clock.advance(1);
    assert.deepEqual(staged.keeper.running, ['web.1#2', 'web.2#1', 'web.2#2']);
    await staged.nextBrain();
    await staged.ready('web.2#2');
    await staged.clock.advance(5000);
    assert.deepEqual(staged.keeper.running, ['web.1#2', 'web.2#2']);
    assert.equal((await staged.control.status()).services[0]?.reloading, false);
  });

  it('goes back to the config before, where the reload for another one fails after it took over', async () => {
    const listeners = { web: 'unix:/run/web' };
    const staged = await stageStack({ listeners, services: { web: { run, listen: ['web'] } } });
    staged.config = () => checked({ listeners, services: { web: { run: ['worse'], listen: ['web'] } } });
    void collect(staged.control.apply());
    await staged.settle();
    await staged.settle();
    assert.deepEqual(staged.keeper.running, ['web.1#1', 'web.1#2']);
    await staged.nextBrain();
    staged.keeper.exit('web.1#2');
    await staged.settle();
    staged.keeper.exit('web.1#1');
    await staged.clock.advance(1000);
    assert.equal(staged.keeper.processes.get('web.1#3')?.spec.command, 'program');
  });

  it('keeps to the config that was in force, whatever the file says now', async () => {
    const staged = await stageStack({ services: { web: { run } } });
    staged.config = () => checked({ services: { other: { run } } });
    await staged.nextBrain();
    assert.deepEqual(staged.keeper.running, ['web.1#1']);
    staged.keeper.exit('web.1#1');
    await staged.clock.advance(1000);
    assert.deepEqual(staged.keeper.running, ['web.1#2']);
  });

  it('remembers what was scaled, and what was stopped', async () => {
    const staged = await stageStack({ services: { web: { run }, other: { run } } });
    await collect(staged.control.scale('web', 3));
    await collect(staged.control.stop(['other']));
    await staged.nextBrain();
    await staged.clock.advance(60_000);
    assert.deepEqual(staged.keeper.running, ['web.1#1', 'web.2#1', 'web.3#1']);
    assert.deepEqual((await staged.states()).at(-1), 'other.1 stopped');
  });

  it('can still tell why', async () => {
    const staged = await stageStack({ services: { web: { run } } });
    staged.keeper.exit('web.1#1', { exitCode: 9 });
    await staged.clock.advance(1000);
    const before = await staged.control.why('web');
    await staged.nextBrain();
    assert.deepEqual(await staged.control.why('web'), before);
    assert.ok(before.some(({ text }) => text === 'web.1 ended with exit code 9'));
  });

  it('has the one before decide no more', async () => {
    const staged = await stageStack({ services: { web: { run } } });
    const { brain, control } = staged;
    // Only the keeper knows that there is another one.
    brain.close = () => {};
    const fenced = { ...staged, brain: undefined };
    staged.brain = undefined as never;
    await staged.nextBrain();
    await brain.ended;
    assert.throws(
      () => control.stop(['web']),
      (error) => error instanceof KindredError && error.code === 'ERR_CLOSED',
    );
    assert.deepEqual(fenced.keeper.running, ['web.1#1']);
  });

  it('starts anew what was decided to start, and never was', async () => {
    const staged = await stageStack({ services: { web: { run } } });
    staged.keeper.exit('web.1#1');
    await staged.clock.advance(200);
    // As if the brain had died between its note and its call.
    staged.keeper.processes.delete('web.1#2');
    await staged.nextBrain();
    assert.deepEqual(staged.keeper.running, ['web.1#3']);
  });

  it('goes down where the one before was asked to', async () => {
    const staged = await stageStack({ services: { web: { run, stop: { graceMs: 5000 } }, other: { run } } });
    staged.keeper.stubborn.add('web');
    void collect(staged.control.down());
    await staged.clock.advance(1000);
    assert.deepEqual(staged.keeper.running, ['web.1#1']);
    await staged.nextBrain();
    await staged.clock.advance(6000);
    assert.equal(staged.keeper.isStopped, true);
  });
});
