import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { createLoopWatch } from '../base/loop-watch.ts';
import { createTestClock } from '../testkit/clock.ts';
import { createPair } from '../testkit/pair.ts';
import { defaultLimits } from '../wire/limits.ts';

const { heartbeatMs } = defaultLimits;

/** Two peers joined by a line that moves only when the test lets it; what the client waits for never comes. */
async function open(limits = defaultLimits) {
  const clock = createTestClock();
  const line = createTestClock();
  const { client, channels } = createPair(
    { hang: () => new Promise(() => {}), ping: () => 'pong' },
    {
      over: 'binary',
      clock: line,
      delayMs: 1,
      client: { clock, watch: createLoopWatch(clock), limits },
    },
  );
  const first = client.call.ping();
  await line.advance(10);
  assert.equal(await first, 'pong');
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
  it('loses its connection when two pings stay unanswered, and the calls to it fail', async () => {
    const { clock, client } = await open();
    const call = assert.rejects(client.call.hang(), {
      code: 'ERR_PEER_GONE',
      outcome: 'unknown',
      message: /vanished.*heartbeatMs 30000/,
    });
    await clock.advance(heartbeatMs * 4);
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

  it('is not looked for while no answer is awaited, nor where the limit is 0', async () => {
    const idle = await open();
    await idle.clock.advance(heartbeatMs * 10);
    assert.deepEqual([idle.client.state, idle.pings], ['open', []]);
    await idle.close();
    const off = await open({ ...defaultLimits, heartbeatMs: 0 });
    const call = assert.rejects(off.client.call.hang(), { code: 'ERR_CLOSED' });
    await off.clock.advance(heartbeatMs * 10);
    assert.deepEqual([off.client.state, off.pings], ['open', []]);
    await off.close();
    await call;
  });
});
