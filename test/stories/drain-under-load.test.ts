/** A server that drains while many call loses no call: each is answered, or told never to have been sent. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setImmediate as turn } from 'node:timers/promises';
import { KindredError, type Peer } from '../../src/index.ts';
import { until, within } from './fixtures/deadline.ts';
import { distances, type Ends } from './fixtures/distances.ts';
import { onStage, type Stage } from './fixtures/stage.ts';
import type { Victim } from './fixtures/victim.ts';

interface Tally {
  answered: string[];
  unsent: string[];
  /** Only where there is no go-away: the connection was closed before the answer came, and nobody can know. */
  unknown: string[];
}

const newTally = (): Tally => ({ answered: [], unsent: [], unknown: [] });

let calls = 0;

/** Calls on and on, several at a time, until one is refused. */
async function load(peer: Peer<Victim>, tally: Tally, stop: () => boolean): Promise<void> {
  const one = async (): Promise<void> => {
    while (!stop()) {
      const id = `call ${++calls}`;
      try {
        assert.equal(await peer.call.answerAfter(id, calls % 7), id);
        tally.answered.push(id);
      } catch (error) {
        assert.ok(error instanceof KindredError, String(error));
        const told = error.outcome === 'unknown' && !peer.kindred ? tally.unknown : tally.unsent;
        if (told === tally.unsent)
          assert.equal(error.outcome, 'not-sent', `${id}: ${error.code} ${error.message}`);
        told.push(id);
        return;
      }
    }
  };
  await Promise.all(Array.from({ length: 8 }, one));
}

function check({ answered, unsent, unknown }: Tally, stage: Stage): void {
  const deeds = new Set(stage.record.deeds);
  assert.equal(deeds.size, stage.record.deeds.length, 'a call ran twice');
  for (const id of answered) assert.ok(deeds.has(id), `${id} was answered and did not run`);
  for (const id of unsent) assert.ok(!deeds.has(id), `${id} ran, and was told to be unsent`);
  const lost = deeds.size - answered.length;
  assert.ok(lost >= 0 && lost <= unknown.length, `${lost} calls ran, and their answers were lost`);
}

async function peersOf({ peer, again }: Ends): Promise<Peer<Victim>[]> {
  const more = again === undefined ? [] : await Promise.all([again(), again(), again()]);
  return [peer, ...more];
}

// A hosted module has nobody in it who could drain; JSON-RPC has no word for it.
const draining = distances.filter(
  ({ kindred, name }) => kindred && !name.startsWith('a hosted') && name !== 'memory',
);

for (const distance of draining)
  test(`${distance.name}: the server drains under load and no call is lost`, () =>
    onStage(async (stage) => {
      const ends = await distance.reach(stage);
      assert.ok(ends.player !== undefined);
      const peers = await peersOf(ends);
      const tally = newTally();
      const working = Promise.all(peers.map((peer) => load(peer, tally, () => false)));
      await until('there is some load', () => tally.answered.length > 200);
      const long = peers.map((peer, i) => peer.call.answerAfter(`long ${i}`, 5000));
      await until('the long ones run', () => long.every((_, i) => stage.record.deeds.includes(`long ${i}`)));
      void ends.player.ask('drain').catch(() => {});
      await within('every call settles', working);
      assert.deepEqual(
        await within('what ran is finished', Promise.all(long)),
        long.map((_, i) => `long ${i}`),
      );
      tally.answered.push(...long.map((_, i) => `long ${i}`));
      for (const peer of peers) assert.equal((await within('it is closed', peer.closed)).kind, 'ended');
      // With nobody left to serve, the process ends by itself.
      await within('the server ends', ends.player.gone);
      await ends.tearDown();
      assert.ok(tally.unsent.length > 0, 'the story has lost its point');
      check(tally, stage);
    }));

for (const distance of distances.filter(({ lasting, name }) => lasting && name !== 'memory'))
  test(`${distance.name}: whoever comes while the server drains is answered, or told that nothing was sent`, () =>
    onStage(async (stage) => {
      const ends = await distance.reach(stage);
      const { again, player } = ends;
      assert.ok(again !== undefined && player !== undefined);
      const tally = newTally();
      const long = ends.peer.call.answerAfter('long', 3000);
      tally.answered.push('long');
      let stopped = false;
      const come = async (): Promise<void> => {
        while (!stopped) {
          let peer: Peer<Victim>;
          try {
            peer = await again();
          } catch (error) {
            assert.equal((error as KindredError).code, 'ERR_NOT_REACHABLE');
            return;
          }
          await load(peer, tally, (): boolean => stopped);
          await peer.close();
          await turn();
        }
      };
      const coming = Promise.all(Array.from({ length: 8 }, come));
      await until('there is some load', () => tally.answered.length > 100);
      void player.ask('drain').catch(() => {});
      await within('nobody gets in any more', coming);
      stopped = true;
      assert.equal(await within('what ran is finished', long), 'long');
      await ends.tearDown();
      check(tally, stage);
    }));

test('the end that calls drains under load: its own calls are finished, and the others are told', () =>
  onStage(async (stage) => {
    const [distance] = draining.filter(({ name }) => name === 'tcp');
    assert.ok(distance !== undefined);
    const ends = await distance.reach(stage);
    const tally = newTally();
    let stopped = false;
    const working = load(ends.peer, tally, () => stopped);
    await until('there is some load', () => tally.answered.length > 200);
    const drained = ends.peer.drain();
    stopped = true;
    await within('every call settles', working);
    await within('it has drained', drained);
    assert.equal((await ends.peer.closed).kind, 'closed');
    await ends.tearDown();
    assert.deepEqual([...tally.unsent, ...tally.unknown], []);
    check(tally, stage);
  }));
