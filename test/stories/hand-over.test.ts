/** A socket that is handed over is somewhere, always: with whoever took it, or back. */
import assert from 'node:assert/strict';
import { Buffer } from 'node:buffer';
import type { ChildProcess } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { test } from 'node:test';
import { type Given, handOver, isHandOverMessage, takeHandles } from '../../src/handles/index.ts';
import { fork } from '../../src/process/index.ts';
import { until, within } from './fixtures/deadline.ts';
import { fixture } from './fixtures/programs.ts';
import { onStage } from './fixtures/stage.ts';
import {
  cutOff,
  descriptors,
  endTakers,
  exchange,
  nameOf,
  openDoor,
  startTaker,
  startTakerWithin,
  stop,
} from './fixtures/takers.ts';

/** `npm run soak -- handles` asks for more. */
const soak = Number(process.env['KINDRED_SOAK'] ?? 1);
const skip = process.platform !== 'linux' && 'it looks into /proc';

test(
  'a child killed before it acknowledged gives all back, and every client is answered by another',
  { skip },
  () =>
    onStage(async (stage) => {
      const door = await openDoor();
      const [bad, good] = [await startTaker(stage, 'bad', 'line'), await startTaker(stage, 'good', 'line')];
      const before = descriptors();
      await stop(bad);
      const visits = [];
      for (let i = 0; i < 20; i++) visits.push(await door.enter());
      const given = visits.map(({ accepted }) => handOver(bad.child).give(accepted));
      bad.child.kill('SIGKILL');
      const outcomes = await within('all come back', Promise.all(given));
      assert.deepEqual(
        outcomes,
        outcomes.map(() => ({ kind: 'returned', why: 'dead' })),
      );
      for (const [i, { client, accepted }] of visits.entries()) {
        assert.deepEqual(await handOver(good.child).give(accepted), { kind: 'accepted' });
        assert.equal(String(await exchange(client, `call ${i}\n`)), `good call ${i}\n`);
      }
      await until(
        () => `${descriptors()} descriptors are open, and there were ${before}`,
        () => descriptors() <= before,
      );
      await endTakers(good);
      await door.close();
    }),
);

test('a busy child that is terminated gives back what it has not acknowledged', () =>
  onStage(async (stage) => {
    const door = await openDoor();
    const [bad, good] = [await startTaker(stage, 'bad', 'echo'), await startTaker(stage, 'good', 'line')];
    await bad.player.ask('block');
    await until('it blocks', () => stage.record.deeds.includes('bad blocks'));
    const { client, accepted } = await door.enter();
    const given = handOver(bad.child).give(accepted);
    bad.child.kill('SIGTERM');
    assert.deepEqual(await within('it comes back', given), { kind: 'returned', why: 'dead' });
    await handOver(good.child).give(accepted);
    assert.equal(nameOf(await exchange(client, 'x\n')), 'good');
    await endTakers(good);
    await door.close();
  }));

test('a child that hangs is given up, and touches nothing when it goes on', { skip }, () =>
  onStage(async (stage) => {
    const door = await openDoor();
    const [hung, good] = [await startTaker(stage, 'hung', 'line'), await startTaker(stage, 'good', 'line')];
    const before = await hung.player.ask('descriptors');
    await hung.player.ask('block');
    await until('it blocks', () => stage.record.deeds.includes('hung blocks'));
    const visits = [await door.enter(), await door.enter(), await door.enter()];
    const given = await within(
      'it is given up',
      Promise.all(visits.map(({ accepted }) => handOver(hung.child).give(accepted))),
    );
    assert.deepEqual(
      given,
      given.map(() => ({ kind: 'returned', why: 'late' })),
    );
    assert.equal(handOver(hung.child).state(), 'hung');
    for (const { client, accepted } of visits) {
      await handOver(good.child).give(accepted);
      assert.equal(nameOf(await exchange(client, 'x\n')), 'good');
    }
    stage.order('go on', 'none');
    await until('it goes on', () => handOver(hung.child).state() === 'available');
    const { client, accepted } = await door.enter();
    assert.deepEqual(await handOver(hung.child).give(accepted), { kind: 'accepted' });
    assert.equal(nameOf(await exchange(client, 'x\n')), 'hung');
    await until('it has closed all', async () => (await hung.player.ask('descriptors')) === before);
    // The one that was on its way has been closed by its client since, and may be found so.
    const { taken, open } = (await hung.player.ask('counts')) as { taken: number; open: number };
    assert.deepEqual({ taken, open }, { taken: 1, open: 0 });
    await endTakers(hung, good);
    await door.close();
  }),
);

test('a child that exits when it is asked has not taken the socket; one that exits when it has it takes it along', () =>
  onStage(async (stage) => {
    const door = await openDoor();
    const good = await startTaker(stage, 'good', 'line');
    const asked = await startTaker(stage, 'asked', 'line');
    const first = await door.enter();
    const given = handOver(asked.child).give(first.accepted, { note: 'exit when asked' });
    assert.deepEqual(await within('it comes back', given), { kind: 'returned', why: 'dead' });
    assert.deepEqual(await handOver(good.child).give(first.accepted), { kind: 'accepted' });
    assert.equal(nameOf(await exchange(first.client, 'x\n')), 'good');

    const taken = await startTaker(stage, 'taken', 'line');
    const second = await door.enter();
    const cut = cutOff(second.client);
    const kept = handOver(taken.child).give(second.accepted, { note: 'exit when taken' });
    assert.deepEqual(await within('it is answered', kept), { kind: 'accepted' });
    await cut;
    await endTakers(good);
    await door.close();
  }));

test('a child that hangs once it has a socket keeps that one, and serves it when it goes on', () =>
  onStage(async (stage) => {
    const door = await openDoor();
    const [busy, good] = [await startTaker(stage, 'busy', 'line'), await startTaker(stage, 'good', 'line')];
    const [first, second] = [await door.enter(), await door.enter()];
    assert.deepEqual(await handOver(busy.child).give(first.accepted, { note: 'block when taken' }), {
      kind: 'accepted',
    });
    assert.deepEqual(await handOver(busy.child).give(second.accepted), { kind: 'returned', why: 'late' });
    await handOver(good.child).give(second.accepted);
    assert.equal(nameOf(await exchange(second.client, 'x\n')), 'good');
    stage.order('go on', 'none');
    assert.equal(nameOf(await exchange(first.client, 'x\n')), 'busy');
    await endTakers(busy, good);
    await door.close();
  }));

test('a socket closed on its way is told to both', { skip }, () =>
  onStage(async (stage) => {
    const door = await openDoor();
    const taker = await startTaker(stage, 'taker', 'echo');
    const giver = handOver(taker.child);

    await stop(taker);
    const reset = await door.enter();
    const given = giver.give(reset.accepted);
    reset.client.resetAndDestroy();
    await once(reset.client, 'close');
    taker.child.kill('SIGCONT');
    assert.deepEqual(await within('it is told', given), { kind: 'gone' });
    assert.deepEqual(await taker.player.ask('counts'), { taken: 0, gone: 1, open: 0 });
    assert.equal(reset.accepted.destroyed, true);

    // Whoever only ends his side may still want an answer; so it is accepted, and its end is seen there.
    await stop(taker);
    const ended = await door.enter();
    const accepted = giver.give(ended.accepted);
    ended.client.end();
    taker.child.kill('SIGCONT');
    assert.deepEqual(await within('it is taken', accepted), { kind: 'accepted' });
    ended.client.resume();
    await within('the answer ends', once(ended.client, 'end'));
    await until('it is told to be closed', () => giver.open === 0);
    await endTakers(taker);
    await door.close();
  }),
);

test('a child without a free descriptor gives back what it could not receive', { skip }, () =>
  onStage(async (stage) => {
    const door = await openDoor();
    const taker = await startTakerWithin(stage, 'poor', 'line', 256);
    await taker.player.ask('exhaust');
    const { client, accepted } = await door.enter();
    const giver = handOver(taker.child);
    assert.deepEqual(await within('it comes back', giver.give(accepted)), { kind: 'returned', why: 'lost' });
    await taker.player.ask('relieve');
    assert.deepEqual(await giver.give(accepted), { kind: 'accepted' });
    assert.equal(nameOf(await exchange(client, 'x\n')), 'poor');
    await endTakers(taker);
    await door.close();
  }),
);

test('bytes that were read before come to the new owner, in their order, whatever they are', () =>
  onStage(async (stage) => {
    // It reads from the start: the worst giver there is.
    const door = await openDoor('127.0.0.1', false);
    const taker = await startTaker(stage, 'taker', 'echo');
    const bytes = randomBytes(200_000);
    const { client, accepted } = await door.enter();
    client.write(bytes.subarray(0, 50_000));
    await until('some were read', () => accepted.readableLength > 1000);
    const given = handOver(taker.child).give(accepted);
    const answered = exchange(client, bytes.subarray(50_000));
    assert.deepEqual(await given, { kind: 'accepted' });
    const answer = await answered;
    assert.ok(answer.equals(Buffer.concat([Buffer.from('taker\n'), bytes])), 'bytes are lost, or bent');
    await endTakers(taker);
    await door.close();
  }));

test("a note comes along, and a user's own messages on the channel are his own", () =>
  onStage(async (stage) => {
    const door = await openDoor();
    const taker = await startTaker(stage, 'taker', 'line');
    const heard: unknown[] = [];
    taker.child.on('message', (message) => !isHandOverMessage(message) && heard.push(message));
    const { client, accepted } = await door.enter();
    taker.child.send({ mine: 1 });
    await handOver(taker.child).give(accepted, { note: { n: [1, null, 'x'] } });
    taker.child.send({ mine: 2 });
    assert.equal(nameOf(await exchange(client, 'x\n')), 'taker');
    assert.ok(stage.record.deeds.includes('taker was told {"n":[1,null,"x"]}'));
    await until('both are answered', () => heard.length === 2);
    assert.deepEqual(heard, [{ heard: { mine: 1 } }, { heard: { mine: 2 } }]);
    await endTakers(taker);
    await door.close();
  }));

test('a server that has given its sockets away closes, whatever became of those who took them', () =>
  onStage(async (stage) => {
    const door = await openDoor();
    const [killed, living] = [
      await startTaker(stage, 'killed', 'echo'),
      await startTaker(stage, 'living', 'echo'),
    ];
    const clients: Socket[] = [];
    for (const taker of [killed, living]) {
      const { client, accepted } = await door.enter();
      clients.push(client);
      assert.deepEqual(await handOver(taker.child).give(accepted), { kind: 'accepted' });
    }
    await endTakers(killed);
    // Node.js would ask each child, and wait for those that were killed.
    await door.close();
    for (const client of clients) client.on('error', () => {}).destroy();
    await endTakers(living);
  }));

test('a server is shared with children: each accepts its connections', () =>
  onStage(async (stage) => {
    const door = await openDoor();
    const takers = [await startTaker(stage, 'a', 'line'), await startTaker(stage, 'b', 'line')];
    for (const { child } of takers)
      assert.deepEqual(await handOver(child).give(door.server), { kind: 'accepted' });
    // From now on the children alone accept.
    await door.close();
    const ask = async (): Promise<string> => nameOf(await exchange(connect(door.port, '127.0.0.1'), 'x\n'));
    const first = await ask();
    const [mine, other] = first === 'a' ? takers : takers.toReversed();
    assert.equal(first, mine?.name);
    mine?.child.kill('SIGKILL');
    await once(mine?.child as ChildProcess, 'exit');
    assert.equal(await ask(), other?.name);
    await endTakers(...takers);
  }));

test('a child of kindred/process takes sockets over its IPC channel', () =>
  onStage(async (stage) => {
    const door = await openDoor();
    const child = fork(fixture('taker.ts'), ['kin', 'echo'], { channel: 'ipc', env: stage.env });
    await stage.nextPlayer(child.exited);
    const { client, accepted } = await door.enter();
    client.write('said before');
    assert.deepEqual(await handOver(child).give(accepted), { kind: 'accepted' });
    assert.equal(String(await exchange(client, ', and after')), 'kin\nsaid before, and after');
    child.kill('SIGKILL');
    await child.exited;
    await door.close();
  }));

test('a socket goes from one child to another through their parent', () =>
  onStage(async (stage) => {
    const door = await openDoor();
    const [from, to] = [await startTaker(stage, 'from', 'pass'), await startTaker(stage, 'to', 'echo')];
    const passed: Promise<Given>[] = [];
    takeHandles(from.child, (handle) => passed.push(handOver(to.child).give(handle)));
    const { client, accepted } = await door.enter();
    client.write('said before');
    assert.deepEqual(await handOver(from.child).give(accepted), { kind: 'accepted' });
    assert.equal(String(await exchange(client, ', and after')), 'to\nsaid before, and after');
    assert.deepEqual(await Promise.all(passed), [{ kind: 'accepted' }]);
    await endTakers(from, to);
    await door.close();
  }));

test('a datagram socket is shared with a child', () =>
  onStage(async (stage) => {
    const taker = await startTaker(stage, 'taker', 'line');
    const shared = createSocket('udp4').bind(0, '127.0.0.1');
    await once(shared, 'listening');
    const { port } = shared.address();
    assert.deepEqual(await handOver(taker.child).give(shared), { kind: 'accepted' });
    // From now on the child alone receives.
    shared.close();
    const client = createSocket('udp4');
    client.send('hello', port, '127.0.0.1');
    const [answer] = (await within('an answer', once(client, 'message'))) as [Buffer];
    assert.equal(String(answer), 'taker');
    client.close();
    await endTakers(taker);
  }));

test(
  `no descriptor is left over ${500 * soak} hand-overs, on either side`,
  { skip, timeout: 60_000 * soak },
  (t) =>
    onStage(async (stage) => {
      const door = await openDoor();
      const taker = await startTaker(stage, 'taker', 'line');
      const giver = handOver(taker.child);
      const total = 500 * soak;
      await visitOnce(door, giver);
      const before = { ours: descriptors(), theirs: await taker.player.ask('descriptors') };
      const start = performance.now();
      const outcomes = new Map<Given['kind'], number>();
      for (let n = 0; n < total; n++) {
        const { client, accepted } = await door.enter();
        const given = giver.give(accepted);
        assert.equal(String(await exchange(client, `call ${n}\n`)), `taker call ${n}\n`);
        const { kind } = await given;
        outcomes.set(kind, (outcomes.get(kind) ?? 0) + 1);
      }
      const seconds = (performance.now() - start) / 1000;
      await until(
        () =>
          `${giver.open} sockets are open there, ${descriptors()} descriptors here, and there were ${before.ours}`,
        async () =>
          giver.open === 0 &&
          descriptors() <= before.ours &&
          (await taker.player.ask('descriptors')) === before.theirs,
      );
      assert.deepEqual([...outcomes], [['accepted', total]]);
      t.diagnostic(
        `${total} hand-overs in ${seconds.toFixed(1)} s; descriptors here ${before.ours} -> ${descriptors()}, there ${before.theirs} -> ${await taker.player.ask('descriptors')}`,
      );
      await endTakers(taker);
      await door.close();
    }),
);

/** So that whatever is opened once, and stays open, is. */
async function visitOnce(
  door: Awaited<ReturnType<typeof openDoor>>,
  giver: ReturnType<typeof handOver>,
): Promise<void> {
  const { client, accepted } = await door.enter();
  await giver.give(accepted);
  await exchange(client, 'first\n');
  await until('it is closed there', () => giver.open === 0);
}
