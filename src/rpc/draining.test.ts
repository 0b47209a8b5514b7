import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { KindredError } from '../base/errors.ts';
import { createTestClock } from '../testkit/clock.ts';
import { createPair } from '../testkit/pair.ts';
import { createGate } from './fixtures/gate.ts';
import { createStranger } from './fixtures/stranger.ts';

const rejection = async (work: Promise<unknown>): Promise<KindredError> =>
  work.then(
    () => assert.fail('should have failed'),
    (error) => error as KindredError,
  );
const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

describe('draining', () => {
  it('finishes what runs, refuses what is new as not-sent, then closes', async () => {
    const gate = createGate();
    const { client, server } = createPair(gate.service, { over: 'binary' });
    const running = client.call.wait('running');
    await turn();
    const drained = server.drain({ reason: 'deploy' });
    await turn();
    const refused = await rejection(client.call.wait('new'));
    assert.equal(refused.code, 'ERR_PEER_GONE');
    assert.equal(refused.outcome, 'not-sent');
    assert.match(refused.message, /deploy/);
    assert.equal(client.state, 'draining');
    gate.open();
    assert.equal(await running, 'running');
    await drained;
    assert.equal(server.state, 'closed');
    assert.equal((await client.closed).kind, 'ended');
  });

  it('closes at its deadline all the same', async () => {
    const clock = createTestClock();
    const gate = createGate();
    const { client, server } = createPair(gate.service, { over: 'values', server: { clock } });
    const running = rejection(client.call.wait('running'));
    await turn();
    const drained = server.drain({ timeoutMs: 1000 });
    await clock.advance(1000);
    await drained;
    assert.equal((await running).outcome, 'unknown');
  });

  for (const who of ['client', 'server'] as const)
    it(`lets the functions that were lent to running calls be called: the ${who} drains`, async () => {
      const gate = Promise.withResolvers<void>();
      const service = {
        async each(upTo: number, visit: (n: number) => unknown) {
          await gate.promise;
          let sum = 0;
          for (let n = 1; n <= upTo; n++) sum += (await visit(n)) as number;
          return sum;
        },
        // Lends a function in its turn, to a function that was lent.
        deep: (outer: (inner: (n: number) => number) => unknown) => outer((n) => n + 1),
      };
      const pair = createPair(service, { over: 'binary' });
      const sum = pair.client.call.each(4, (n) => n * 10);
      const deep = pair.client.call.deep(async (inner) => {
        await gate.promise;
        return inner(1);
      });
      await turn();
      const drained = pair[who].drain();
      await turn();
      gate.resolve();
      assert.deepEqual(await Promise.all([sum, deep]), [100, 2]);
      await drained;
    });

  it('refuses what is new also where the other end has begun to drain before', async () => {
    const gate = createGate();
    const { client, server } = createPair(gate.service, { over: 'binary' });
    const running = client.call.wait('running');
    await turn();
    const drained = [client.drain(), turn().then(() => server.drain())];
    await turn();
    await turn();
    const refused = await rejection(client.call.wait('new'));
    assert.deepEqual([refused.code, refused.outcome], ['ERR_PEER_GONE', 'not-sent']);
    gate.open();
    assert.equal(await running, 'running');
    await Promise.all(drained);
    assert.deepEqual(gate.seen, ['running']);
  });

  it('tells a Kindred that has only just connected that its first call was not sent', async () => {
    const clock = createTestClock();
    const gate = createGate();
    const { client, server } = createPair(gate.service, { delayMs: 100, clock, server: { clock } });
    const refused = rejection(client.call.wait('first'));
    const drained = server.drain();
    await clock.advance(1000);
    const { code, outcome } = await refused;
    assert.deepEqual([code, outcome], ['ERR_PEER_GONE', 'not-sent']);
    await drained;
    assert.deepEqual(gate.seen, []);
  });

  it('tells a stranger that has only just connected that its first call was not run', async () => {
    const clock = createTestClock();
    const gate = createGate();
    const stranger = createStranger(gate.service, { clock });
    const drained = stranger.peer.drain();
    await clock.advance(100);
    stranger.say('{"jsonrpc":"2.0","id":1,"method":"wait","params":[1]}');
    const { id, error } = (await stranger.nextLine()) as { id: unknown; error: { data: unknown } };
    assert.equal(id, 1);
    assert.deepEqual(error.data, { code: 'ERR_PEER_GONE', outcome: 'not-sent' });
    stranger.end();
    await drained;
    assert.deepEqual(gate.seen, []);
  });

  it('does not wait long for whoever has connected and says nothing', async () => {
    const clock = createTestClock();
    const stranger = createStranger({}, { clock });
    const drained = stranger.peer.drain();
    await clock.advance(250);
    stranger.end();
    await drained;
  });
});
