import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { KindredError } from '../../base/errors.ts';
import { createTestClock } from '../../testkit/clock.ts';
import type { Stack } from '../stack/stack.ts';
import { checked, collect, type StagedStack, stageStack as stageOn } from './fixtures/staged-stack.ts';

const stageStack = (stack: Stack): Promise<StagedStack> => stageOn(createTestClock(1_000_000), stack);
const run = ['program'] as const;
const call = { by: 'call' } as const;

describe('starting', () => {
  it('starts what is needed first, and what needs nothing at once', async () => {
    const stack: Stack = {
      services: { web: { run, needs: ['db'] }, db: { run, ready: call }, other: { run } },
    };
    const staged = await stageStack(stack);
    assert.deepEqual(staged.keeper.running, ['db.1#1', 'other.1#1']);
    assert.deepEqual(await staged.states(), ['web.1 waiting', 'db.1 starting', 'other.1 ready']);
    await staged.ready('db.1#1');
    assert.deepEqual(await staged.states(), ['web.1 ready', 'db.1 ready', 'other.1 ready']);
  });

  it('ends what is not ready in time, and starts it again after a wait', async () => {
    const staged = await stageStack({ services: { web: { run, ready: { ...call, timeoutMs: 3000 } } } });
    await staged.clock.advance(2999);
    assert.deepEqual(await staged.states(), ['web.1 starting']);
    await staged.clock.advance(1);
    assert.deepEqual(await staged.states(), ['web.1 backoff']);
    await staged.clock.advance(199);
    assert.deepEqual(staged.keeper.running, []);
    await staged.clock.advance(1);
    assert.deepEqual(staged.keeper.running, ['web.1#2']);
    const why = await staged.control.why('web');
    assert.ok(why.some(({ text }) => text === 'web.1 was not ready: not within 3000 ms'));
  });

  it('tells whoever waits that a service will not come, where what it needs has run through and failed', async () => {
    const staged = await stageStack({
      services: { migrate: { run, restart: 'temporary' }, web: { run, needs: { migrate: 'ended' } } },
    });
    const starting = collect(staged.control.start(['web']));
    await staged.settle();
    staged.keeper.exit('migrate.1#1', { exitCode: 1 });
    assert.equal((await starting).at(-1)?.kind, 'failed');
    await collect(staged.control.restart(['migrate'])).catch(() => {});
    staged.keeper.exit(staged.keeper.running[0] ?? '', { exitCode: 0 });
    await staged.settle();
    assert.deepEqual(await staged.states(), ['migrate.1 ended', 'web.1 ready']);
  });

  it('forgets a process that has ended before the keeper could say that it runs', async () => {
    const staged = await stageStack({ services: { web: { run, restart: 'temporary' } } });
    staged.keeper.exit('web.1#1', { exitCode: 0 });
    await staged.settle();
    assert.equal(staged.keeper.processes.size, 0);
    assert.equal(staged.brain.engine.lives.size, 0);
  });

  it('counts what cannot be started as an abnormal end', async () => {
    const staged = await stageStack({ services: { web: { run } } });
    staged.keeper.broken.add('web');
    staged.keeper.exit('web.1#1');
    await staged.clock.advance(60_000);
    assert.deepEqual(await staged.states(), ['web.1 failed']);
    assert.ok(staged.texts().includes('web.1 could not be started: there is no program program'));
  });
});

describe('restarts', () => {
  it('waits twice as long after each failure in a row, and gives up after too many, saying why', async () => {
    const staged = await stageStack({
      services: { web: { run, restart: { intensity: { restarts: 3, withinMs: 30_000 } } } },
    });
    for (const [n, waitMs] of [200, 400, 800].entries()) {
      staged.keeper.exit(`web.1#${n + 1}`, { exitCode: 7 });
      await staged.clock.advance(waitMs - 1);
      assert.deepEqual(await staged.states(), ['web.1 backoff'], `before ${waitMs} ms`);
      await staged.clock.advance(1);
      assert.deepEqual(await staged.states(), ['web.1 ready'], `after ${waitMs} ms`);
    }
    staged.keeper.exit('web.1#4', { exitCode: 7 });
    await staged.clock.advance(100_000);
    assert.deepEqual(await staged.states(), ['web.1 failed']);
    const why = (await staged.control.why('web')).map(({ text }) => text);
    assert.match(why[1] ?? '', /has ended 4 times within 30000 ms \(the last: ended with exit code 7/);
    assert.ok(why.includes('web.1 wrote last: web.1 is out of luck'), why.join('\n'));
    const status = await staged.control.status();
    assert.equal(status.services[0]?.state, 'failed');
    assert.equal(status.instances[0]?.restarts, 3);
  });

  it('tells what the process itself has written at its end, not what those before it had', async () => {
    const staged = await stageStack({ services: { web: { run } } });
    const begun = staged.clock.now() + staged.wall.aheadMs;
    staged.written = () => [
      { at: begun + 1, text: 'the first one has no luck' },
      { at: begun + 300, text: 'nor has the second' },
    ];
    staged.keeper.exit('web.1#1', { exitCode: 7 });
    await staged.clock.advance(250);
    staged.keeper.exit('web.1#2', { exitCode: 7 });
    await staged.settle();
    const wrote = staged.texts().filter((text) => text.includes('wrote last'));
    assert.equal(wrote[0], 'web.1 wrote last: the first one has no luck | nor has the second');
    assert.deepEqual(wrote.slice(1), ['web.1 wrote last: nor has the second']);
  });

  it('says nothing of how one ended that nobody saw', async () => {
    const staged = await stageStack({ services: { web: { run } } });
    staged.keeper.exit('web.1#1', { exitCode: null, signal: null });
    await staged.settle();
    assert.ok(staged.texts().includes('web.1 has ended, and nobody saw how'), staged.texts().join('\n'));
  });

  it('does not cut a wait short when the descendants of the last process go, or the wall clock jumps', async () => {
    const staged = await stageStack({ services: { web: { run } } });
    staged.keeper.exit('web.1#1');
    await staged.settle();
    for (const aheadMs of [3.6e6, -7.2e6]) {
      staged.wall.aheadMs += aheadMs;
      await staged.clock.advance(99);
      assert.deepEqual(await staged.states(), ['web.1 backoff']);
    }
    await staged.clock.advance(2);
    assert.deepEqual(await staged.states(), ['web.1 ready']);
  });

  it('starts what failed again from the beginning when it is asked to', async () => {
    const staged = await stageStack({
      services: { web: { run, restart: { intensity: { restarts: 0, withinMs: 1000 } } } },
    });
    staged.keeper.exit('web.1#1');
    await staged.settle();
    assert.deepEqual(await staged.states(), ['web.1 failed']);
    const steps = await collect(staged.control.start(['web']));
    assert.equal(steps.at(-1)?.kind, 'done');
    assert.deepEqual(await staged.states(), ['web.1 ready']);
  });

  it('takes the instances of a service one after the other where a restart is asked for', async () => {
    const staged = await stageStack({ services: { web: { run, instances: 3, ready: call } } });
    for (const n of [1, 2, 3]) await staged.ready(`web.${n}#1`);
    const restart = collect(staged.control.restart(['web']));
    await staged.settle();
    for (const n of [1, 2, 3]) {
      assert.deepEqual(
        staged.keeper.running.filter((id) => id.endsWith('#1')),
        [1, 2, 3].filter((each) => each > n).map((each) => `web.${each}#1`),
      );
      await staged.nextBrain();
      await staged.ready(`web.${n}#2`);
    }
    assert.equal(staged.keeper.running.length, 3);
    assert.deepEqual(await staged.states(), ['web.1 ready', 'web.2 ready', 'web.3 ready']);
    // It was asked of a brain that is gone.
    assert.equal((await restart).at(-1)?.kind, 'failed');
  });

  it('takes no two at a time where a restart is asked for again meanwhile', async () => {
    const staged = await stageStack({ services: { web: { run, instances: 2, ready: call } } });
    for (const n of [1, 2]) await staged.ready(`web.${n}#1`);
    for (const serial of [2, 3]) {
      void collect(staged.control.restart(['web']));
      await staged.settle();
      assert.deepEqual(staged.keeper.running, [`web.1#${serial}`, 'web.2#1']);
    }
    await staged.ready('web.1#3');
    assert.deepEqual(staged.keeper.running, ['web.1#3', 'web.2#2']);
  });

  it('leaves the other instances as they are where the first one does not come up again', async () => {
    const never = { restarts: 0, withinMs: 1000 };
    const staged = await stageStack({
      services: { web: { run, instances: 2, ready: call, restart: { intensity: never } } },
    });
    for (const n of [1, 2]) await staged.ready(`web.${n}#1`);
    const restart = collect(staged.control.restart(['web']));
    await staged.settle();
    staged.keeper.exit('web.1#2', { exitCode: 1 });
    assert.equal((await restart).at(-1)?.text, 'web.1 failed');
    assert.deepEqual(await staged.states(), ['web.1 failed', 'web.2 ready']);
    assert.ok(staged.texts().includes('web.2 goes on as it is: web.1 has failed'));
    assert.deepEqual(staged.keeper.running, ['web.2#1']);
  });

  it('restarts nothing that was asked to stop in the middle of a restart loop', async () => {
    const staged = await stageStack({ services: { web: { run } } });
    staged.keeper.exit('web.1#1');
    await staged.settle();
    assert.deepEqual(await staged.states(), ['web.1 backoff']);
    await collect(staged.control.stop(['web']));
    await staged.clock.advance(100_000);
    assert.deepEqual(await staged.states(), ['web.1 stopped']);
    assert.deepEqual(staged.keeper.running, []);
  });

  it('leaves a transient service that ended well, or was told to end by others', async () => {
    const restart = 'transient' as const;
    const staged = await stageStack({
      services: { a: { run, restart }, b: { run, restart }, c: { run, restart } },
    });
    staged.keeper.exit('a.1#1', { exitCode: 0 });
    staged.keeper.exit('b.1#1', { signal: 'SIGTERM' });
    staged.keeper.exit('c.1#1', { signal: 'SIGSEGV' });
    await staged.clock.advance(1000);
    assert.deepEqual(await staged.states(), ['a.1 ended', 'b.1 ended', 'c.1 ready']);
  });
});

describe('groups', () => {
  const all = (strategy: 'one-for-all' | 'rest-for-one'): Stack => ({
    groups: { both: { members: ['a', 'b', 'c'], strategy } },
    services: { a: { run }, b: { run }, c: { run } },
  });

  it('ends the others in the reversed order, and starts all again in order', async () => {
    const staged = await stageStack(all('one-for-all'));
    staged.keeper.told.length = 0;
    staged.keeper.exit('b.1#1');
    await staged.clock.advance(1000);
    assert.deepEqual(staged.keeper.told, [
      'SIGTERM c.1#1',
      'SIGTERM a.1#1',
      'start a.1#2',
      'start b.1#2',
      'start c.1#2',
    ]);
  });

  it('goes on with the restart when a sibling fails during it', async () => {
    const stack = all('one-for-all');
    const staged = await stageStack({
      ...stack,
      services: { ...stack.services, a: { run, ready: call } },
    });
    await staged.ready('a.1#1');
    staged.keeper.exit('b.1#1');
    await staged.clock.advance(200);
    assert.deepEqual(await staged.states(), ['a.1 starting', 'b.1 backoff', 'c.1 backoff']);
    staged.keeper.exit('a.1#2');
    await staged.clock.advance(1000);
    await staged.ready('a.1#3');
    await staged.settle();
    assert.deepEqual(await staged.states(), ['a.1 ready', 'b.1 ready', 'c.1 ready']);
  });

  it('fails with its group when it restarts too often', async () => {
    const stack = all('rest-for-one');
    const staged = await stageStack({
      ...stack,
      groups: {
        both: {
          ...stack.groups?.['both'],
          members: ['a', 'b', 'c'],
          intensity: { restarts: 1, withinMs: 60_000 },
        },
      },
    });
    staged.keeper.exit('b.1#1');
    await staged.clock.advance(1000);
    assert.deepEqual(staged.keeper.running, ['a.1#1', 'b.1#2', 'c.1#2']);
    staged.keeper.exit('c.1#2');
    await staged.clock.advance(1000);
    const states = await staged.states();
    assert.deepEqual(states, ['a.1 failed', 'b.1 failed', 'c.1 failed']);
    assert.deepEqual(staged.keeper.running, []);
  });
});

describe('stopping', () => {
  it('stops what needs others before them', async () => {
    const staged = await stageStack({ services: { db: { run }, web: { run, needs: ['db'] } } });
    staged.keeper.told.length = 0;
    await Promise.all([collect(staged.control.down()), staged.clock.advance(1000)]);
    assert.deepEqual(staged.keeper.told, ['SIGTERM web.1#1', 'SIGTERM db.1#1', 'stop']);
  });

  it('starts nothing in the place of one that ignores its signal, until that is gone', async () => {
    const staged = await stageStack({ services: { web: { run, stop: { graceMs: 5000 } } } });
    staged.keeper.stubborn.add('web');
    const restarting = collect(staged.control.restart(['web']));
    await staged.clock.advance(4999);
    assert.deepEqual(await staged.states(), ['web.1 stopping']);
    await staged.clock.advance(1);
    await staged.settle();
    assert.deepEqual(await staged.states(), ['web.1 ready']);
    assert.equal((await restarting).at(-1)?.kind, 'done');
    assert.equal((await staged.control.status()).instances[0]?.lastExit?.signal, 'SIGKILL');
  });

  it('drains before it signals', async () => {
    const staged = await stageStack({ services: { web: { run, stop: { drainMs: 2000 } } } });
    staged.keeper.told.length = 0;
    const stopping = collect(staged.control.stop(['web']));
    await staged.clock.advance(1999);
    assert.deepEqual(await staged.states(), ['web.1 draining']);
    assert.deepEqual(staged.keeper.told, []);
    await staged.clock.advance(1);
    assert.deepEqual(staged.keeper.told, ['SIGTERM web.1#1']);
    await stopping;
  });

  it('refuses a service that it does not have, naming those that it has', async () => {
    const staged = await stageStack({ services: { web: { run } } });
    assert.throws(
      () => staged.control.stop(['wbe']),
      (error) =>
        error instanceof KindredError &&
        error.code === 'ERR_BAD_ARGUMENT' &&
        /there are web/.test(error.message),
    );
  });
});

describe('replacing', () => {
  const web = (more: object = {}): Stack => ({
    services: { web: { run, instances: 2, ready: call, ...more } },
  });
  async function twoReady(stack: Stack) {
    const staged = await stageStack(stack);
    await staged.ready('web.1#1');
    await staged.ready('web.2#1');
    return staged;
  }

  it('reloads one at a time: an old one goes when its successor was ready and healthy for a while', async () => {
    const staged = await twoReady(web());
    const reloading = collect(staged.control.reload(['web']));
    await staged.settle();
    assert.deepEqual(staged.keeper.running, ['web.1#1', 'web.1#2', 'web.2#1']);
    await staged.ready('web.1#2');
    await staged.clock.advance(4999);
    assert.deepEqual(staged.keeper.running, ['web.1#1', 'web.1#2', 'web.2#1']);
    await staged.clock.advance(1);
    assert.deepEqual(staged.keeper.running, ['web.1#2', 'web.2#1', 'web.2#2']);
    await staged.ready('web.2#2');
    await staged.clock.advance(5000);
    assert.deepEqual(staged.keeper.running, ['web.1#2', 'web.2#2']);
    assert.equal((await reloading).at(-1)?.kind, 'done');
    assert.deepEqual(await staged.states(), ['web.1 ready', 'web.2 ready']);
  });

  it('counts no failure of what was replaced against what has taken its place', async () => {
    const staged = await stageStack(web({ instances: 1, ready: undefined }));
    for (const n of [1, 2]) {
      staged.keeper.exit(`web.1#${n}`, { exitCode: 7 });
      await staged.clock.advance(200 * n);
    }
    const reloading = collect(staged.control.reload(['web']));
    await staged.clock.advance(5000);
    assert.equal((await reloading).at(-1)?.kind, 'done');
    staged.keeper.exit('web.1#4', { exitCode: 7 });
    await staged.settle();
    assert.equal(staged.texts().at(-2), 'web.1 is started again in 200 ms');
  });

  it('leaves the old ones serving where a new one fails, and says so', async () => {
    const staged = await twoReady(web());
    const reloading = collect(staged.control.reload(['web']));
    await staged.settle();
    staged.keeper.exit('web.1#2', { exitCode: 3 });
    await staged.settle();
    const last = (await reloading).at(-1);
    assert.equal(last?.kind, 'failed');
    assert.match(
      last?.text ?? '',
      /is what it was before its reload: instance 1 web.1 ended with exit code 3/,
    );
    assert.deepEqual(staged.keeper.running, ['web.1#1', 'web.2#1']);
    await staged.clock.advance(60_000);
    assert.deepEqual(staged.keeper.running, ['web.1#1', 'web.2#1']);
  });

  it('waits with a canary for the rest, or for the way back', async () => {
    const staged = await twoReady(web());
    const canary = collect(staged.control.reload(['web'], { canary: 1 }));
    await staged.settle();
    await staged.ready('web.1#2');
    await staged.clock.advance(5000);
    assert.match((await canary).at(-1)?.text ?? '', /waits for reload or rollback/);
    assert.deepEqual(staged.keeper.running, ['web.1#2', 'web.2#1']);
    const back = collect(staged.control.rollback(['web']));
    await staged.settle();
    await staged.ready('web.1#3');
    await staged.settle();
    assert.equal((await back).at(-1)?.kind, 'done');
    assert.deepEqual(staged.keeper.running, ['web.1#3', 'web.2#1']);
  });

  it('replaces an instance whose health failed too often', async () => {
    const health = { tcp: 80, failures: 2 };
    const staged = await stageStack({ services: { web: { run, health } } });
    const tell = (failures: number): Promise<void> => {
      staged.health
        .at(-1)
        ?.tell({ ok: false, text: 'no answer', tookMs: 1, failures, isOver: failures >= 2 });
      return staged.settle();
    };
    await tell(1);
    assert.deepEqual(await staged.states(), ['web.1 unhealthy']);
    await tell(2);
    assert.deepEqual(await staged.states(), ['web.1 backoff']);
    await staged.clock.advance(200);
    assert.deepEqual(staged.keeper.running, ['web.1#2']);
    const why = (await staged.control.why('web')).map(({ text }) => text);
    assert.ok(
      why.some((text) => text.includes('2 health checks failed in a row')),
      why.join('\n'),
    );
  });

  it('replaces an instance that hangs without waiting for what it would do at its end', async () => {
    const staged = await stageStack({ services: { web: { run, stop: { graceMs: 60_000 } } } });
    staged.keeper.stubborn.add('web');
    await staged.say('web.1#1', { word: 'hung', blockedMs: 10_250 });
    await staged.say('web.1#1', { word: 'stack', text: 'at spin' });
    await staged.clock.advance(1000);
    assert.deepEqual(await staged.states(), ['web.1 backoff']);
    assert.ok(staged.texts().includes('web.1 is blocked by: at spin'));
  });

  it('has seen by what an instance is blocked before it is told to end, and waits no longer than a second for it', async () => {
    const staged = await stageStack({ services: { web: { run } } });
    await staged.say('web.1#1', { word: 'hung', blockedMs: 10_250 });
    assert.deepEqual(await staged.states(), ['web.1 ready']);
    await staged.say('web.1#1', { word: 'stack', text: 'at spin' });
    assert.deepEqual(await staged.states(), ['web.1 backoff']);
    await staged.clock.advance(200);
    assert.ok((await staged.control.why('web')).some(({ text }) => text === 'web.1 is blocked by: at spin'));
    await staged.say('web.1#2', { word: 'hung', blockedMs: 10_250 });
    await staged.clock.advance(999);
    assert.deepEqual(staged.keeper.running, ['web.1#2']);
    await staged.clock.advance(1);
    assert.deepEqual(await staged.states(), ['web.1 backoff']);
  });

  it('starts another one beside an instance that needs too much memory, three times in a row', async () => {
    const memory = { max: 1000, everyMs: 1000 };
    const staged = await stageStack({ services: { web: { run, memory, ready: call } } });
    await staged.ready('web.1#1');
    staged.memory.set(staged.pidOf('web.1#1'), 1001);
    await staged.clock.advance(2000);
    assert.deepEqual(staged.keeper.running, ['web.1#1']);
    await staged.clock.advance(1000);
    assert.deepEqual(staged.keeper.running, ['web.1#1', 'web.1#2']);
    await staged.ready('web.1#2');
    await staged.settle();
    assert.deepEqual(staged.keeper.running, ['web.1#2']);
    assert.deepEqual(await staged.states(), ['web.1 ready']);
  });
});

describe('scaling', () => {
  it('makes more instances, and fewer', async () => {
    const staged = await stageStack({ services: { web: { run } } });
    await collect(staged.control.scale('web', 3));
    assert.deepEqual(staged.keeper.running, ['web.1#1', 'web.2#1', 'web.3#1']);
    await collect(staged.control.scale('web', 1));
    assert.deepEqual(staged.keeper.running, ['web.1#1']);
    assert.deepEqual(await staged.states(), ['web.1 ready']);
    staged.keeper.exit('web.1#1');
    await staged.clock.advance(1000);
    assert.deepEqual(await staged.states(), ['web.1 ready']);
  });
});

describe('another config', () => {
  it('leaves everything as it is where it is wrong', async () => {
    const staged = await stageStack({ services: { web: { run } } });
    staged.config = () => checked({ services: { web: { run, instances: 'many' as 'cpus' } } });
    for (const attempt of [() => staged.control.plan(), () => collect(staged.control.apply())])
      await assert.rejects(
        attempt,
        (error) => error instanceof KindredError && error.code === 'ERR_BAD_CONFIG',
      );
    assert.deepEqual(staged.keeper.running, ['web.1#1']);
    staged.keeper.exit('web.1#1');
    await staged.clock.advance(1000);
    assert.deepEqual(staged.keeper.running, ['web.1#2']);
  });

  it('leaves everything as it is where a listener cannot be opened', async () => {
    const staged = await stageStack({ services: { web: { run } } });
    staged.config = () =>
      checked({ listeners: { web: 'unix:/run/taken' }, services: { web: { run, listen: ['web'] } } });
    await assert.rejects(collect(staged.control.apply()), { code: 'ERR_ADDRESS_IN_USE' });
    assert.deepEqual(staged.keeper.running, ['web.1#1']);
    assert.equal((await staged.control.plan()).length > 0, true);
  });

  it('adds, removes, restarts and scales what differs, and leaves the rest alone', async () => {
    const staged = await stageStack({
      services: { same: { run }, old: { run }, env: { run, env: { A: 1 } }, more: { run } },
    });
    staged.config = () =>
      checked({
        services: { same: { run }, env: { run, env: { A: 2 } }, more: { run, instances: 2 }, fresh: { run } },
      });
    const steps = await collect(staged.control.apply());
    assert.equal(steps.at(-1)?.kind, 'done', JSON.stringify(steps));
    assert.deepEqual(staged.keeper.running, ['env.1#2', 'fresh.1#1', 'more.1#1', 'more.2#1', 'same.1#1']);
    assert.equal(staged.keeper.processes.get('env.1#2')?.spec.env['A'], '2');
    assert.deepEqual(await staged.control.plan(), []);
  });

  it('starts nothing that somebody has stopped', async () => {
    const staged = await stageStack({ services: { web: { run }, other: { run } } });
    await collect(staged.control.stop(['web']));
    staged.config = () => checked({ services: { web: { run, instances: 2 }, other: { run, instances: 2 } } });
    await collect(staged.control.apply());
    assert.deepEqual(staged.keeper.running, ['other.1#1', 'other.2#1']);
    await collect(staged.control.start(['web']));
    assert.deepEqual(staged.keeper.running, ['other.1#1', 'other.2#1', 'web.1#2', 'web.2#1']);
  });

  it('goes back to the one before where the new instances fail', async () => {
    const listeners = { web: 'unix:/run/web' };
    const staged = await stageStack({ listeners, services: { web: { run, listen: ['web'] } } });
    staged.config = () => checked({ listeners, services: { web: { run: ['worse'], listen: ['web'] } } });
    const applying = collect(staged.control.apply());
    await staged.settle();
    await staged.settle();
    staged.keeper.exit('web.1#2');
    await staged.settle();
    assert.equal((await applying).at(-1)?.kind, 'failed');
    staged.keeper.exit('web.1#1');
    await staged.clock.advance(1000);
    assert.equal(staged.keeper.processes.get('web.1#3')?.spec.command, 'program');
    assert.deepEqual(
      (await staged.control.plan()).map(({ kind }) => kind),
      ['replace'],
    );
  });
});

describe('schedules', () => {
  it('are kept where all is started, and start at once what is named', async () => {
    const everyMinute = { nextRun: (after: Date): Date => new Date(after.getTime() + 60_000) };
    const staged = await stageStack({ services: { job: { run, schedule: everyMinute }, web: { run } } });
    assert.equal((await collect(staged.control.start([]))).at(-1)?.kind, 'done');
    assert.deepEqual(await staged.states(), ['job.1 waiting', 'web.1 ready']);
    await collect(staged.control.start(['job']));
    assert.deepEqual(await staged.states(), ['job.1 ready', 'web.1 ready']);
  });

  it('starts at its times, and not while it still runs', async () => {
    const everyMinute = {
      nextRun: (after: Date) => new Date(Math.floor(after.getTime() / 60_000 + 1) * 60_000),
    };
    const staged = await stageStack({ services: { job: { run, schedule: everyMinute } } });
    assert.deepEqual(await staged.states(), ['job.1 waiting']);
    await staged.clock.advance(60_000);
    assert.deepEqual(staged.keeper.running, ['job.1#1']);
    await staged.clock.advance(60_000);
    assert.deepEqual(staged.keeper.running, ['job.1#1']);
    assert.ok(staged.texts().includes('it is time for job.1, which still runs: left out'));
    staged.keeper.exit('job.1#1', { exitCode: 0 });
    await staged.settle();
    assert.deepEqual(await staged.states(), ['job.1 waiting']);
    await staged.clock.advance(60_000);
    assert.deepEqual(staged.keeper.running, ['job.1#2']);
  });
});

describe('watching', () => {
  it('restarts a service whose files have changed, and watches what the config says now', async () => {
    const staged = await stageStack({ services: { web: { run, watch: ['src'] }, other: { run } } });
    staged.files.get('/srv/src')?.(['/srv/src/a.ts']);
    await staged.settle();
    assert.deepEqual(staged.keeper.running, ['other.1#1', 'web.1#2']);
    assert.ok((await staged.control.why('web')).some(({ text }) => text === 'web: /srv/src/a.ts changed'));
    staged.config = () => checked({ services: { web: { run }, other: { run, watch: ['lib'] } } });
    await collect(staged.control.apply());
    assert.deepEqual([...staged.files.keys()], ['/srv/lib']);
  });

  it('tells what a process uses of the processor since it was last looked at', async () => {
    const staged = await stageStack({ services: { web: { run } } });
    await staged.clock.advance(5000);
    staged.cpu.set(staged.pidOf('web.1#1'), 2500);
    staged.memory.set(staged.pidOf('web.1#1'), 4096);
    await staged.clock.advance(5000);
    const [web] = (await staged.control.status()).instances;
    assert.deepEqual([web?.cpu, web?.memoryBytes], [0.5, 4096]);
  });
});
