/** A process whose parent is gone finishes what it runs, and then ends; it does not wait for ever. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { connect, host, type Peer } from '../../src/index.ts';
import { fork } from '../../src/process/index.ts';
import { until, within } from './fixtures/deadline.ts';
import { fixture } from './fixtures/programs.ts';
import { onStage, type Stage } from './fixtures/stage.ts';

type Finisher = typeof import('./fixtures/finisher.ts');
type Place = (
  stage: Stage,
  graceMs: number,
) => Promise<{ peer: Peer<Finisher>; exited: Promise<{ exitCode: number | null }> }>;

const places: Record<string, Place> = {};
for (const channel of ['descriptor', 'ipc', 'stdio'] as const)
  places[`a child over ${channel}`] = async ({ env }, graceMs) => {
    const child = fork(fixture('finisher.ts'), ['parent:', String(graceMs)], { env, channel });
    return { peer: await connect<Finisher>(child), exited: child.exited };
  };
for (const place of ['process', 'thread'] as const)
  places[`a hosted ${place}`] = async ({ env }, graceMs) => {
    const module = new URL('fixtures/finisher.ts', import.meta.url);
    const peer = await host<Finisher>(module, { in: place, env, graceMs });
    return { peer, exited: peer.exited };
  };

const minute = 60_000;

for (const [name, place] of Object.entries(places)) {
  test(`${name} finishes the calls and notifications that run when its parent closes, and ends`, () =>
    onStage(async (stage) => {
      const { peer, exited } = await place(stage, minute);
      const calls = [peer.call.work('call'), peer.call.tidy('signal')];
      await peer.notify.work('notification');
      const stream = peer.call.trickle('generator')[Symbol.asyncIterator]();
      await stream.next();
      await until('all run', () => stage.record.deeds.length === 4);
      void peer.close();
      for (const call of calls) await assert.rejects(call, { code: 'ERR_CLOSED', outcome: 'unknown' });
      assert.equal((await within('it ends', exited)).exitCode, 0);
      assert.deepEqual(stage.record.deeds.filter((deed) => deed.endsWith('ends')).toSorted(), [
        'call ends',
        'generator ends',
        'notification ends',
        'signal ends',
      ]);
    }));

  test(`${name} ends after its grace although a function does not`, () =>
    onStage(async (stage) => {
      const { peer, exited } = await place(stage, 100);
      peer.call.linger('for ever').catch(() => {});
      await until('it runs', () => stage.record.deeds.length === 1);
      await peer.close();
      await within('it ends', exited);
    }));
}
