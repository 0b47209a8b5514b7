/** Whoever starts processes and goes, in whatever way, leaves none of them behind. */
import assert from 'node:assert/strict';
import { spawn as nodeSpawn } from 'node:child_process';
import { once } from 'node:events';
import { test } from 'node:test';
import { Worker } from 'node:worker_threads';
import { connect, host, type KindredError } from '../../src/index.ts';
import { fork } from '../../src/process/index.ts';
import { deadlineMs, until, within } from './fixtures/deadline.ts';
import { fixture } from './fixtures/programs.ts';
import { isAlive, onStage, type Player, type Stage } from './fixtures/stage.ts';
import type { Victim } from './fixtures/victim.ts';

const channels = ['host', 'descriptor', 'ipc', 'stdio'] as const;

const ended = (pid: number): Promise<void> => until(`process ${pid} has ended`, () => !isAlive(pid));

/** The parent and its child, whoever of the two reported first. */
async function family(
  stage: Stage,
  parentPid: number | undefined,
): Promise<{ parent: Player; child: Player }> {
  const both = [await stage.nextPlayer(), await stage.nextPlayer()] as const;
  const [parent, child] = both[0].pid === parentPid ? both : [both[1], both[0]];
  return { parent, child };
}

for (const channel of [...channels, 'host a module that never loads']) {
  const parentOf = (stage: Stage): { pid?: number | undefined; exited: Promise<unknown> } => {
    const parent = fork(fixture('parent.ts'), [channel], { env: stage.env, channel: 'none' });
    stage.watch(parent.pid);
    return parent;
  };

  test(`${channel}: a child ends when its parent is killed, with a call under way`, () =>
    onStage(async (stage) => {
      const { parent, child } = await family(stage, parentOf(stage).pid);
      process.kill(parent.pid, 'SIGKILL');
      await ended(child.pid);
    }));

  test(`${channel}: a child ends when its parent exits`, () =>
    onStage(async (stage) => {
      const { parent, child } = await family(stage, parentOf(stage).pid);
      void parent.ask('exit').catch(() => {});
      await ended(parent.pid);
      await ended(child.pid);
    }));

  test(`${channel}: a child ends when the thread that started it is terminated`, () =>
    onStage(async (stage) => {
      const worker = new Worker(fixture('parent.ts'), { env: stage.env, workerData: { channel } });
      const { child } = await family(stage, process.pid);
      await worker.terminate();
      await ended(child.pid);
    }));
}

test('calls settle when a child is killed whose own child still holds its streams', () =>
  onStage(async (stage) => {
    for (const channel of ['stdio', 'descriptor'] as const) {
      const child = fork(fixture('serve-victim.ts'), ['parent:'], {
        env: { ...stage.env, STORY_GRANDCHILD: 'yes' },
        channel,
      });
      stage.watch(child.pid);
      const { parent, child: grandchild } = await family(stage, child.pid);
      const peer = await connect<Victim>(child);
      const call = peer.call.hang(channel);
      await until('it runs', () => stage.record.deeds.includes(channel));
      process.kill(parent.pid, 'SIGKILL');
      await within(
        'the call settles',
        assert.rejects(
          call,
          (error: KindredError) => error.code === 'ERR_PEER_GONE' && error.outcome === 'unknown',
        ),
      );
      assert.equal(
        (await within('the peer is closed', peer.closed)).kind,
        channel === 'stdio' ? 'lost' : 'ended',
      );
      assert.ok(isAlive(grandchild.pid), 'the story has lost its point');
      process.kill(grandchild.pid);
    }
  }));

test('a hosted process is gone when close resolves', () =>
  onStage(async (stage) => {
    const hosted = await host<Victim>(new URL('fixtures/hosted-victim.ts', import.meta.url), {
      env: stage.env,
    });
    const { pid } = await stage.nextPlayer();
    hosted.call.hang('under way').catch(() => {});
    await hosted.close();
    assert.equal(isAlive(pid), false);
  }));

test('a hosted process that hangs is killed when its grace is over', () =>
  onStage(async (stage) => {
    const hosted = await host<Victim>(new URL('fixtures/hosted-victim.ts', import.meta.url), {
      env: stage.env,
      graceMs: 200,
    });
    const { pid } = await stage.nextPlayer();
    hosted.call.block('for ever').catch(() => {});
    await until('it blocks', () => stage.record.deeds.includes('for ever'));
    await within('close resolves', hosted.close());
    assert.equal(isAlive(pid), false);
    assert.equal((await hosted.exited).signal, 'SIGKILL');
  }));

test('a process that cannot host its module is gone when host rejects', () =>
  onStage(async (stage) => {
    const module = new URL('fixtures/never-loads.ts', import.meta.url);
    // Nobody knows how long a process takes to come as far as the module: it gets twice the time until it does.
    for (let pid: number | undefined, startMs = 500; pid === undefined; startMs *= 2) {
      assert.ok(startMs < deadlineMs, 'the module was never reached');
      await assert.rejects(host(module, { env: stage.env, startMs, graceMs: 200 }), {
        code: 'ERR_START_FAILED',
        outcome: 'not-sent',
      });
      pid = (await stage.nextPlayer(Promise.resolve()).catch(() => undefined))?.pid;
      assert.ok(pid === undefined || !isAlive(pid));
    }
  }));

test('a child that a Kindred closed ends by itself, over every channel', () =>
  onStage(async (stage) => {
    for (const channel of ['descriptor', 'ipc', 'stdio'] as const) {
      const child = fork(fixture('serve-victim.ts'), ['parent:'], { env: stage.env, channel });
      const peer = await connect<Victim>(child);
      await peer.call.ping();
      await peer.close();
      assert.deepEqual(await within('it ends', child.exited), { exitCode: 0, signal: null }, channel);
    }
  }));

test('a child on stdio answers all that it has received when its stdin ends, then ends', () =>
  onStage(async (stage) => {
    const child = nodeSpawn(process.execPath, [fixture('serve-victim.ts'), 'stdio:'], {
      env: stage.env,
      stdio: ['pipe', 'pipe', 'inherit'],
    });
    stage.watch(child.pid as number);
    await stage.nextPlayer();
    const exited = once(child, 'exit');
    let said = '';
    child.stdout.setEncoding('utf8').on('data', (text) => {
      said += text;
    });
    const call = (id: number, method: string, ...params: unknown[]): string =>
      `${JSON.stringify({ jsonrpc: '2.0', id, method, params })}\n`;
    // Blocked until all the rest, and the end, are in its stdin.
    child.stdin.write(call(1, 'block', 'first'));
    await until('it blocks', () => stage.record.deeds.includes('first'));
    for (let id = 2; id <= 100; id++) child.stdin.write(call(id, 'answer', `call ${id}`));
    // Without its newline: the end of the stream ends it.
    child.stdin.end(call(101, 'give', 'large', 0).trimEnd().replace('"give"', '"ping"'));
    await once(child.stdin, 'close');
    stage.order('first', 'none');
    assert.deepEqual(await within('it ends', exited), [0, null]);
    const answers = said
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line) as { id: number; error?: unknown });
    assert.deepEqual(
      answers.map(({ id }) => id).toSorted((a, b) => a - b),
      Array.from({ length: 101 }, (_, i) => i + 1),
    );
    assert.ok(answers.every(({ error }) => error === undefined));
  }));
