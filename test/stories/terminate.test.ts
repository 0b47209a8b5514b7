/** Whoever is told to end does, with all that descends from it, and nobody else. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type AnyChild, type ForkOptions, fork, isAlive as isAliveStill } from '../../src/process/index.ts';
import { thisSystem } from '../../src/process/process-system.ts';
import { until, within } from './fixtures/deadline.ts';
import { fixture } from './fixtures/programs.ts';
import { isAlive, onStage, type Player, type Stage } from './fixtures/stage.ts';

const skip = process.platform !== 'linux' && 'descendants are found in /proc, which there is only on Linux';

/** A child and all that it starts, when all of them have reported. */
async function bringUp(
  stage: Stage,
  [program, ...args]: [string, ...string[]],
  players: number,
  options: ForkOptions = {},
): Promise<{ child: AnyChild; all: Player[] }> {
  const child = fork(fixture(program), args, { env: stage.env, channel: 'none', ...options });
  stage.watch(child.pid);
  const all: Player[] = [];
  while (all.length < players) all.push(await stage.nextPlayer(child.exited));
  return { child, all };
}

test('a child that cleans up has ended when terminate resolves, with its own exit code', () =>
  onStage(async (stage) => {
    const { child } = await bringUp(stage, ['cleaner.ts'], 1);
    assert.deepEqual(await within('it ends', child.terminate()), {
      exitCode: 0,
      signal: null,
      survivors: [],
    });
    assert.deepEqual(stage.record.deeds, ['cleaned up']);
    assert.equal(isAlive(child.pid as number), false);
    assert.equal((await child.terminate()).exitCode, 0);
  }));

test('a child that ignores SIGTERM is killed when its grace is over', () =>
  onStage(async (stage) => {
    const { child } = await bringUp(stage, ['deaf.ts'], 1);
    assert.equal((await within('it ends', child.terminate({ graceMs: 100 }))).signal, 'SIGKILL');
    assert.equal(isAlive(child.pid as number), false);
  }));

test('a child whose event loop is blocked ends', () =>
  onStage(async (stage) => {
    const { child } = await bringUp(stage, ['spinner.ts'], 1);
    await until('it is blocked', () => stage.record.deeds.includes('blocked'));
    assert.equal((await within('it ends', child.terminate())).signal, 'SIGTERM');
  }));

test('the grace is over as soon as somebody is in a hurry', () =>
  onStage(async (stage) => {
    const { child } = await bringUp(stage, ['deaf.ts'], 1);
    const impatient = new AbortController();
    const ending = child.terminate({ graceMs: Number.POSITIVE_INFINITY, hurry: impatient.signal });
    impatient.abort();
    assert.equal((await within('it ends', ending)).signal, 'SIGKILL');
  }));

test('a child that is stopped hears that it is to end', { skip }, () =>
  onStage(async (stage) => {
    const { child } = await bringUp(stage, ['cleaner.ts'], 1);
    child.kill('SIGSTOP');
    await until('it is stopped', () => thisSystem.stat(child.pid as number)?.stopped === true);
    assert.equal((await within('it ends', child.terminate({ graceMs: 60_000 }))).exitCode, 0);
  }),
);

for (const [tree, detached] of [
  [true, false],
  [true, true],
  ['group', true],
] as const)
  test(
    `tree: ${tree}, ${detached ? 'a child that leads a group' : 'a child of our own group'}: its family ends with it, and who has left it is told`,
    {
      skip,
    },
    () =>
      onStage(async (stage) => {
        const { child: stranger } = await bringUp(stage, ['lingerer.ts'], 1);
        // Itself, two children, and a third one that has left.
        const { child, all } = await bringUp(stage, ['clan.ts', '1'], 4, { detached });
        const left = all.filter(({ news }) => news['generations'] === undefined);
        const { signal, survivors } = await within('it ends', child.terminate({ tree }));
        assert.equal(signal, 'SIGTERM');
        assert.deepEqual(
          survivors.map(({ pid }) => pid),
          left.map(({ pid }) => pid),
        );
        for (const { pid } of all)
          assert.equal(
            isAlive(pid),
            left.some((each) => each.pid === pid),
          );
        assert.ok(survivors.every((survivor) => isAliveStill(survivor)));
        assert.ok(isAlive(stranger.pid as number), 'it has nothing to do with the child');
        for (const { pid } of survivors) process.kill(pid, 'SIGKILL');
        await stranger.terminate({ graceMs: 0 });
      }),
  );

test('killSurvivors: who has left the family ends with it, many generations down', { skip }, () =>
  onStage(async (stage) => {
    const { child: stranger } = await bringUp(stage, ['lingerer.ts'], 1, { detached: true });
    const { child, all } = await bringUp(stage, ['clan.ts', '2'], 10);
    const { survivors } = await within('all end', child.terminate({ tree: true, killSurvivors: true }));
    assert.deepEqual(survivors, []);
    assert.deepEqual(
      all.filter(({ pid }) => isAlive(pid)),
      [],
    );
    assert.ok(isAlive(stranger.pid as number));
    await stranger.terminate({ graceMs: 0 });
  }),
);

test('a family that does not hear is killed, and terminate waits until it is gone', { skip }, () =>
  onStage(async (stage) => {
    const { child, all } = await bringUp(stage, ['clan.ts', '1'], 4, { detached: true });
    for (const { pid } of all) process.kill(pid, 'SIGSTOP');
    const ending = child.terminate({ tree: true, graceMs: 0, killSurvivors: true });
    assert.equal((await within('all end', ending)).signal, 'SIGKILL');
    assert.deepEqual(
      all.filter(({ pid }) => isAlive(pid)),
      [],
    );
  }),
);

test('a tree of which there is nothing is refused, and the child lives on', { skip }, () =>
  onStage(async (stage) => {
    const { child } = await bringUp(stage, ['lingerer.ts'], 1);
    await assert.rejects(child.terminate({ tree: 'group' }), {
      code: 'ERR_BAD_ARGUMENT',
      message: /detached: true/,
    });
    await assert.rejects(child.terminate({ tree: 'cgroup' }), { code: 'ERR_BAD_ARGUMENT' });
    assert.ok(isAlive(child.pid as number));
    await child.terminate({ graceMs: 0 });
  }),
);
