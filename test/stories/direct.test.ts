/** A socket goes straight to a process that is no kin. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { test } from 'node:test';
import { canPassDirectly, giveDirectly, takeDirectly } from '../../src/handles/index.ts';
import { until, within } from './fixtures/deadline.ts';
import { fixture } from './fixtures/programs.ts';
import { isAlive, onStage, type Player, type Stage } from './fixtures/stage.ts';
import { type Door, descriptors, exchange, openDoor, stop } from './fixtures/takers.ts';

const skip = process.platform !== 'linux' && 'it is experimental, and seen to work on Linux only';

interface Stranger {
  readonly path: string;
  readonly child: { pid: number };
  readonly player: Player;
}

/** It has no channel to us. */
async function meet(stage: Stage, name: string): Promise<Stranger> {
  const path = join(stage.dir, name);
  const child = spawn(process.execPath, [...process.execArgv, fixture('direct-taker.ts'), name, path], {
    env: stage.env,
    stdio: ['ignore', 'inherit', 'inherit'],
  });
  const pid = child.pid as number;
  stage.watch(pid);
  return { path, child: { pid }, player: await stage.nextPlayer(once(child, 'exit')) };
}

function withStrangers(
  names: readonly string[],
  play: (scene: { stage: Stage; door: Door; strangers: [Stranger, Stranger] }) => Promise<void>,
): Promise<void> {
  return onStage(async (stage) => {
    const door = await openDoor();
    assert.equal(await canPassDirectly(), true, 'the self-test has failed');
    const before = descriptors();
    const strangers: Stranger[] = [];
    for (const name of names) strangers.push(await meet(stage, name));
    await play({ stage, door, strangers: strangers as [Stranger, Stranger] });
    for (const { child, player } of strangers) {
      if (isAlive(child.pid)) process.kill(child.pid, 'SIGKILL');
      await within('it is gone', player.gone);
    }
    await door.close();
    await until(
      () => `${descriptors()} descriptors are open, and there were ${before}`,
      () => descriptors() <= before,
    );
  });
}

test('sockets are given to a stranger, with what was read of them, and a note', { skip }, () =>
  withStrangers(['b'], async ({ stage, door, strangers: [b] }) => {
    for (const n of [1, 2]) {
      const { client, accepted } = await door.enter();
      accepted.unshift('read before, ');
      assert.deepEqual(await giveDirectly(b.path, accepted, { note: { n } }), { kind: 'accepted' });
      assert.equal(accepted.destroyed, true);
      assert.equal(String(await exchange(client, 'sent after')), 'b\nread before, sent after');
    }
    assert.deepEqual(stage.record.deeds, ['b was told {"n":1}', 'b was told {"n":2}']);
  }),
);

test(
  'one that a stranger does not take is ours as before, and it touches nothing when it goes on',
  { skip },
  () =>
    withStrangers(['hung', 'good'], async ({ stage, door, strangers: [hung, good] }) => {
      await stop(hung);
      const { client, accepted } = await door.enter();
      accepted.unshift('read before, ');
      const late = giveDirectly(hung.path, accepted, { timeoutMs: 1000 });
      await assert.rejects(giveDirectly(good.path, accepted), {
        code: 'ERR_BAD_ARGUMENT',
        message: /on its way/,
      });
      assert.deepEqual(await within('it comes back', late), { kind: 'returned', why: 'late' });
      const controller = new AbortController();
      const cancelled = giveDirectly(hung.path, accepted, { signal: controller.signal });
      controller.abort();
      await assert.rejects(within('it comes back', cancelled), { code: 'ERR_CANCELLED' });
      assert.deepEqual(await giveDirectly(good.path, accepted), { kind: 'accepted' });
      process.kill(hung.child.pid, 'SIGCONT');
      assert.equal(String(await exchange(client, 'sent after')), 'good\nread before, sent after');
      assert.deepEqual(stage.record.deeds, ['good was told null']);
    }),
);

test('where a stranger dies, and where there is none, the socket is ours', { skip }, () =>
  withStrangers(['bad', 'good'], async ({ stage, door, strangers: [bad, good] }) => {
    await stop(bad);
    const { client, accepted } = await door.enter();
    const given = giveDirectly(bad.path, accepted);
    process.kill(bad.child.pid, 'SIGKILL');
    assert.deepEqual(await within('it comes back', given), { kind: 'returned', why: 'dead' });
    await assert.rejects(giveDirectly(join(stage.dir, 'nobody'), accepted), { code: 'ERR_NOT_REACHABLE' });
    assert.deepEqual(await giveDirectly(good.path, accepted), { kind: 'accepted' });
    assert.equal(String(await exchange(client, 'x')), 'good\nx');
  }),
);

test('a server that reads cannot take', { skip }, async () => {
  await assert.rejects(
    takeDirectly(createServer(), () => {}),
    { code: 'ERR_BAD_ARGUMENT', message: /pauseOnConnect/ },
  );
});
