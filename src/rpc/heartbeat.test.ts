import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { createLoopWatch } from '../base/loop-watch.ts';
import { createTestClock } from '../testkit/clock.ts';
import { createPair } from '../testkit/pair.ts';
import { defaultLimits } from '../wire/limits.ts';

const { heartbeatMs } = defaultLimits;

/** Two peers joined by a line that moves only when the test lets it; what the client waits for never comes. */
async function open(limits = defaultLimits, hasArrived?: () => boolean | undefined) {
  const clock = createTestClock();
  const line = createTestClock();
  const { client, channels } = createPair(
    { hang: () => new Promise(() => {}), ping: () => 'pong' },
    {
      over: 'binary',
      clock: line,
      delayMs: 1,
      client: { clock, watch: createLoopWatch(clock), limits, hasArrived },
    },
  );
  const first = client.call.ping();
  await line.advance(10);
  assert.equal(await first, 'pong');
  // From here on it is silent.
  await clock.advance(limits.heartbeatMs);
  const pings: number[] = [];
  const { send } = channels.client;
  channels.client.send = function (message, ticket) {
    if (message.kind === 'ping') pings.push(clock.now());
    return send.call(this, message, ticket);
  };
  const close = async (): Promise<void> => {
    void client.close();
    await line.advance(2000);
  };
  return { clock, line, client, pings, close };
}

describe('an end that vanishes without a word', () => {
  it('loses its connection when three pings stay unanswered, and the calls to it fail', async () => {
    const { clock, client } = await open();
    const call = assert.rejects(client.call.hang(), {
      code: 'ERR_PEER_GONE',
      outcome: 'unknown',
      message: /vanished: it said nothing for 20000 ms.*heartbeatMs 5000, heartbeatMisses 3/,
    });
    await clock.advance(heartbeatMs * 4 - 1);
    assert.equal(client.state, 'open');
    await clock.advance(1);
    assert.equal(client.state, 'closed');
    assert.equal((await client.closed).kind, 'lost');
    await call;
  });

  it('is one that answers no ping: one whose function takes long is not', async () => {
    const { clock, line, client, pings, close } = await open();
    const call = assert.rejects(client.call.hang(), { code: 'ERR_CLOSED' });
    for (let beat = 0; beat < 10; beat++) {
      await clock.advance(heartbeatMs);
      await line.advance(10);
    }
    assert.equal(client.state, 'open');
    assert.ok(pings.length >= 4, `${pings.length} pings`);
    await close();
    await call;
  });

  it('is not one whose answers lie unread because this end was blocked', async () => {
    const { clock, line, client, close } = await open();
    const call = assert.rejects(client.call.hang(), { code: 'ERR_CLOSED' });
    for (let beat = 0; beat < 5; beat++) {
      await clock.block(heartbeatMs * 10);
      await line.advance(10);
    }
    assert.equal(client.state, 'open');
    await close();
    await call;
  });

  it('is found while no answer is awaited, after as many pings as the limit says', async () => {
    const { clock, client, pings } = await open({ ...defaultLimits, heartbeatMisses: 5 });
    await clock.advance(heartbeatMs * 6 - 1);
    assert.deepEqual([client.state, pings.length], ['open', 5]);
    await clock.advance(1);
    assert.equal(client.state, 'closed');
  });

  it('gets four times as many pings where they are known to arrive: it is blocked', async () => {
    let arrives: boolean | undefined = true;
    const blocked = await open(defaultLimits, () => arrives);
    await blocked.clock.advance(heartbeatMs * 13 - 1);
    assert.deepEqual([blocked.client.state, blocked.pings.length], ['open', 12]);
    await blocked.clock.advance(1);
    assert.equal(blocked.client.state, 'closed');
    assert.match((await blocked.client.closed).error?.message ?? '', /said nothing for 65000 ms/);
    for (arrives of [false, undefined]) {
      const cut = await open(defaultLimits, () => arrives);
      await cut.clock.advance(heartbeatMs * 4);
      assert.equal(cut.client.state, 'closed');
    }
  });

  it('is not pinged while it says anything', async () => {
    const { clock, line, client, pings, close } = await open();
    for (let beat = 0; beat < 10; beat++) {
      const call = client.call.ping();
      await line.advance(10);
      assert.equal(await call, 'pong');
      await clock.advance(heartbeatMs);
    }
    assert.deepEqual(pings, []);
    await close();
  });

  it('is not looked for where the limit is 0', async () => {
    const off = await open({ ...defaultLimits, heartbeatMs: 0 });
    const call = assert.rejects(off.client.call.hang(), { code: 'ERR_CLOSED' });
    await off.clock.advance(heartbeatMs * 10);
    assert.deepEqual([off.client.state, off.pings], ['open', []]);
    await off.close();
    await call;
  });
});
