/** A child that is to die with its parent does, however the parent ends, and whatever the child is busy with. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fork } from '../../src/process/index.ts';
import type { Births } from './fixtures/begetter.ts';
import { until, within } from './fixtures/deadline.ts';
import { fixture } from './fixtures/programs.ts';
import { isAlive, onStage, type Player, type Stage } from './fixtures/stage.ts';

const ended = (pid: number): Promise<void> => until(`process ${pid} has ended`, () => !isAlive(pid));

/** A parent, the pids of its children, and those below it that report, in any order. Default: each of its children does. */
async function family(
  stage: Stage,
  births: Births,
  reports = births.children?.length ?? 1,
): Promise<{ parent: Player; pids: number[]; children: Player[] }> {
  const { pid } = fork(fixture('begetter.ts'), [JSON.stringify(births)], { env: stage.env, channel: 'none' });
  stage.watch(pid);
  const players: Player[] = [];
  while (players.length < 1 + reports) players.push(await stage.nextPlayer());
  const parent = players.find((player) => player.pid === pid) as Player;
  const pids = parent.news['pids'] as number[];
  for (const child of pids) stage.watch(child);
  return { parent, pids, children: players.filter((player) => player !== parent) };
}

/** What a program of the story notes when its event loop is blocked. */
const blocked = (stage: Stage): Promise<void> =>
  until('it is blocked', () => stage.record.deeds.includes('blocked'));

test('an idle Node.js child ends when its parent is killed', () =>
  onStage(async (stage) => {
    const { parent, pids } = await family(stage, { children: [{ program: 'lingerer.ts' }] });
    process.kill(parent.pid, 'SIGKILL');
    for (const pid of pids) await ended(pid);
  }));

test('a Node.js child whose event loop is blocked ends when its parent is killed', () =>
  onStage(async (stage) => {
    const { parent, pids } = await family(stage, { children: [{ program: 'spinner.ts' }] });
    await blocked(stage);
    process.kill(parent.pid, 'SIGKILL');
    for (const pid of pids) await ended(pid);
  }));

test('a Node.js child that would have to hear SIGTERM in a blocked event loop ends when its grace is over', () =>
  onStage(async (stage) => {
    const { parent, pids } = await family(stage, {
      children: [{ program: 'deaf.ts', args: ['blocked'], graceMs: 100 }],
    });
    await blocked(stage);
    process.kill(parent.pid, 'SIGKILL');
    for (const pid of pids) await ended(pid);
  }));

test('a Node.js child that hears SIGTERM and lives on ends when its grace is over', () =>
  onStage(async (stage) => {
    const { parent, pids } = await family(stage, { children: [{ program: 'deaf.ts', graceMs: 100 }] });
    process.kill(parent.pid, 'SIGKILL');
    for (const pid of pids) await ended(pid);
  }));

test('a Node.js child that cleans up on SIGTERM has the time for it', () =>
  onStage(async (stage) => {
    const { parent, pids } = await family(stage, { children: [{ program: 'cleaner.ts' }] });
    process.kill(parent.pid, 'SIGKILL');
    for (const pid of pids) await ended(pid);
    assert.deepEqual(stage.record.deeds, ['cleaned up']);
  }));

test('a Node.js program that is started by its name ends when its parent is killed, blocked or not', () =>
  onStage(async (stage) => {
    const children = ['lingerer.ts', 'spinner.ts'].map((program) => ({ program, by: 'spawn' as const }));
    const { parent, pids } = await family(stage, { children });
    await blocked(stage);
    process.kill(parent.pid, 'SIGKILL');
    for (const pid of pids) await ended(pid);
  }));

test('what a process waits for survives it, unless it is to die with it', () =>
  onStage(async (stage) => {
    for (const onParentDeath of ['survive', 'die'] as const) {
      const { parent, children } = await family(
        stage,
        { waitsFor: { program: 'lingerer.ts', ...(onParentDeath === 'die' && { onParentDeath }) } },
        1,
      );
      const { pid } = children[0] as Player;
      process.kill(parent.pid, 'SIGKILL');
      if (onParentDeath === 'die') await ended(pid);
      else {
        await ended(parent.pid);
        assert.ok(isAlive(pid));
        process.kill(pid, 'SIGKILL');
      }
    }
  }));

test('a detached child survives where nothing else is said', () =>
  onStage(async (stage) => {
    const { parent, pids } = await family(stage, {
      children: [{ program: 'lingerer.ts', detached: true }, { program: 'lingerer.ts' }],
    });
    process.kill(parent.pid, 'SIGKILL');
    await ended(pids[1] as number);
    assert.ok(isAlive(pids[0] as number));
    process.kill(pids[0] as number, 'SIGKILL');
  }));

test('no child keeps a brother or sister alive that was started before or after it', () =>
  onStage(async (stage) => {
    const child = { program: 'lingerer.ts' };
    const { parent, pids } = await family(stage, { children: [child, child, child] });
    process.kill(parent.pid, 'SIGKILL');
    for (const pid of pids) await ended(pid);
  }));

test('a child of a thread survives the end of the thread, and ends when the process is killed', () =>
  onStage(async (stage) => {
    const { parent, pids } = await family(stage, { inThread: true, children: [{ program: 'beater.ts' }] });
    const news = parent.heard();
    await parent.ask('end thread');
    assert.deepEqual(await news, { thread: 'ended' });
    // In this time it has looked for its parent more than once.
    const before = stage.record.deeds.length;
    await until('it lives on', () => stage.record.deeds.length >= before + 8);
    process.kill(parent.pid, 'SIGKILL');
    for (const pid of pids) await ended(pid);
  }));

test('a child that is to survive does, also one of a process group of its own', () =>
  onStage(async (stage) => {
    const { parent, pids } = await family(stage, {
      children: [
        { program: 'lingerer.ts', onParentDeath: 'survive' },
        { program: 'lingerer.ts', onParentDeath: 'survive', detached: true },
        { program: 'lingerer.ts' },
      ],
    });
    process.kill(parent.pid, 'SIGKILL');
    await ended(pids[2] as number);
    assert.deepEqual(pids.map(isAlive), [true, true, false]);
    for (const pid of pids.slice(0, 2)) process.kill(pid, 'SIGKILL');
  }));

test('a child hands on nothing of what watches its parent', () =>
  onStage(async (stage) => {
    const births: Births = { children: [{ program: 'heir.ts', args: ['and its child'] }] };
    const { parent, pids, children } = await family(stage, births, 2);
    const [heir, grandchild] = pids[0] === children[0]?.pid ? children : children.toReversed();
    for (const child of [heir, grandchild]) {
      assert.equal(child?.news['variable'], 'none');
      assert.doesNotMatch(String(child?.news['execArgv']), /parent-watch/);
    }
    process.kill(parent.pid, 'SIGKILL');
    for (const pid of pids) await ended(pid);
    // It was not to die with anybody.
    process.kill(grandchild?.pid as number, 'SIGKILL');
  }));

for (const how of ['by itself', 'with nothing to do'])
  test(`a watched child that ends ${how} does so as ever`, async () => {
    const children = Array.from({ length: 5 }, () =>
      fork(fixture('mayfly.ts'), how === 'by itself' ? ['exit'] : [], {
        channel: 'none',
        onParentDeath: 'die',
      }),
    );
    for (const child of children)
      assert.deepEqual(await within('it ends', child.exited), { exitCode: 3, signal: null });
  });

test('a hosted module that blocks its event loop ends when its host is killed', () =>
  onStage(async (stage) => {
    const { parent, pids } = await family(stage, {
      hosted: { module: 'hosted-victim.ts', runs: 'block', graceMs: 100 },
    });
    await until('it blocks', () => stage.record.deeds.includes('hosted'));
    process.kill(parent.pid, 'SIGKILL');
    for (const pid of pids) await ended(pid);
  }));

test('what a hosted function still does when its host is killed is waited for', () =>
  onStage(async (stage) => {
    const births: Births = { hosted: { module: 'finisher.ts', runs: 'tidy', graceMs: 60_000 } };
    const { parent, pids } = await family(stage, births, 0);
    await until('it runs', () => stage.record.deeds.includes('hosted starts'));
    process.kill(parent.pid, 'SIGKILL');
    for (const pid of pids) await ended(pid);
    assert.deepEqual(stage.record.deeds, ['hosted starts', 'hosted ends']);
  }));
