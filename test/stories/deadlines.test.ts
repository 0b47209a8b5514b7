/** Time: it travels with a call over every hop, and only time in which an answer could have come counts. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Hosted, host, KindredError } from '../../src/index.ts';
import { blockUntil, until, within } from './fixtures/deadline.ts';
import { distances } from './fixtures/distances.ts';
import { onStage, type Stage } from './fixtures/stage.ts';

type Hop = typeof import('./fixtures/hop.ts');

function inARow(story: (first: Hosted<Hop>, stage: Stage) => Promise<void>): Promise<void> {
  return onStage(async (stage) => {
    const first = await host<Hop>(new URL('fixtures/hop.ts', import.meta.url), { env: stage.env });
    await first.call.extend(2);
    for (let i = 0; i < 3; i++) await stage.nextPlayer();
    await story(first, stage);
    await within('the row ends', first.close());
  });
}

const failure = async (call: Promise<unknown>): Promise<KindredError> => {
  const error: unknown = await within(
    'the call settles',
    call.then(
      () => undefined,
      (thrown: unknown) => thrown,
    ),
  );
  assert.ok(error instanceof KindredError, `it should have failed: ${String(error)}`);
  return error;
};

const block = (ms: number): void => {
  const end = performance.now() + ms;
  blockUntil('the time is over', () => performance.now() >= end);
};

test('the time of a call shrinks from one process to the next, and none is bounded where the first is not', () =>
  inARow(async (first) => {
    const workMs = 30;
    const all = (await first.with({ timeoutMs: 15_000 }).call.remaining(workMs)) as number[];
    assert.equal(all.length, 3);
    let before = 15_000;
    for (const [hop, left] of all.entries()) {
      // Timers may be early by a millisecond.
      const spent = hop === 0 ? 0 : workMs - 1;
      assert.ok(
        left <= before - spent,
        `of ${before} ms the next one sees ${left}, though ${spent} were spent`,
      );
      before = left;
    }
    assert.deepEqual(await first.call.remaining(0), [undefined, undefined, undefined]);
  }));

test('a nearer bound of its own is kept, and never passed on as more', () =>
  inARow(async (first) => {
    const [here = 0] = (await first
      .with({ timeoutMs: 60_000 })
      .with({ timeoutMs: 5_000 })
      .call.remaining(0)) as number[];
    assert.ok(here <= 5_000);
  }));

test('a call that is cancelled is cancelled in every process on its way', () =>
  inARow(async (first, { record }) => {
    const controller = new AbortController();
    const call = first.with({ signal: controller.signal }).call.hang('cancelled');
    await until('the last one runs it', () => record.deeds.includes('cancelled'));
    controller.abort(new Error('changed my mind'));
    const error = await failure(call);
    assert.equal(error.code, 'ERR_CANCELLED');
    assert.equal(error.outcome, 'unknown');
    assert.equal((error.cause as Error).message, 'changed my mind');
    await assertCancelled('cancelled', first, record);
  }));

test('a call whose time is over is cancelled in every process on its way', () =>
  inARow(async (first, { record }) => {
    const error = await failure(first.with({ timeoutMs: 400 }).call.hang('late'));
    assert.equal(error.code, 'ERR_TIMEOUT');
    assert.equal(error.outcome, 'unknown');
    await assertCancelled('late', first, record);
  }));

async function assertCancelled(id: string, first: Hosted<Hop>, record: Stage['record']): Promise<void> {
  await until(
    () => `the last one hears of it: ${record.deeds.join(', ')}`,
    () => record.deeds.includes(`${id} is cancelled at the last`),
  );
  let loads: object[] = [];
  await until(
    () => `nobody waits for it any more: ${JSON.stringify(loads)}`,
    async () => {
      loads = await first.call.loads();
      // The question itself is under way in all but the last.
      return loads.length === 2 && loads.every((load) => Object.values(load).reduce((a, b) => a + b, 0) <= 1);
    },
  );
}

test('a call that is lost when its process dies is told in every process on its way back', () =>
  inARow(async (first, stage) => {
    const call = first.call.hang('lost');
    await until('the last one runs it', () => stage.record.deeds.includes('lost'));
    assert.ok(first.pid !== undefined);
    process.kill(first.pid, 'SIGKILL');
    const error = await failure(call);
    assert.equal(error.code, 'ERR_PEER_GONE');
    assert.equal(error.outcome, 'unknown');
    // The others hear that nobody waits for them, and end.
    await until('the last one is cancelled', () =>
      stage.record.deeds.includes('lost is cancelled at the last'),
    );
  }));

for (const distance of distances.filter(({ name }) =>
  ['a hosted process', 'a thread of our own', 'a child on native IPC', 'tcp'].includes(name),
)) {
  test(`${distance.name}: time in which the caller itself was blocked does not count`, () =>
    onStage(async (stage) => {
      const ends = await distance.reach(stage);
      const { peer } = ends;
      await peer.call.ping();
      const call = peer.with({ timeoutMs: 600 }).call.answerLate('late', 'none');
      await until('it runs', () => stage.record.deeds.includes('late'));
      // Far longer than the call may take; in the middle of it the answer comes, and nobody looks.
      stage.order('late', 'none');
      block(1500);
      assert.equal(await within('the call settles', call), 'late');
      await ends.tearDown();
    }));

  test(`${distance.name}: an end that is blocked is told from one whose function takes long, and from one that is gone`, () =>
    onStage(async (stage) => {
      const ends = await distance.reach(stage);
      const { peer } = ends;
      await peer.call.ping();

      // Long, because it counts as busy where other programs keep it from its processor for a quarter of that.
      const alive = await failure(peer.with({ timeoutMs: 2000 }).call.hang('alive'));
      assert.equal(alive.code, 'ERR_TIMEOUT');
      assert.deepEqual(alive.data, { peer: 'alive' });
      assert.match(alive.message, /alive/);

      const blocking = peer.call.block('blocked');
      await until('it blocks', () => stage.record.deeds.includes('blocked'));
      const silent = await failure(peer.with({ timeoutMs: 400 }).call.hang('silent'));
      assert.equal(silent.code, 'ERR_TIMEOUT');
      assert.equal((silent.data as { peer: string }).peer, 'silent');
      assert.match(silent.message, /blocked or it is gone/);

      // Free again before the time of the next one is over: its pong tells how long it was not.
      const next = failure(peer.with({ timeoutMs: 2400 }).call.hang('busy'));
      const timer = setTimeout(() => stage.order('blocked', 'none'), 1500);
      const busy = await next;
      clearTimeout(timer);
      await blocking;
      assert.equal(busy.code, 'ERR_TIMEOUT');
      assert.equal((busy.data as { peer: string }).peer, 'busy', busy.message);
      assert.match(busy.message, /its event loop was blocked for \d+ ms/);

      const gone = failure(peer.with({ timeoutMs: 20_000 }).call.hang('gone'));
      await until('it runs', () => stage.record.deeds.includes('gone'));
      ends.kill();
      assert.equal((await gone).code, 'ERR_PEER_GONE');
      assert.equal((await gone).outcome, 'unknown');
      await ends.tearDown();
    }));
}
