import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { createLoopWatch } from '../base/loop-watch.ts';
import type { Peer } from '../rpc/peer.ts';
import { createTestClock } from '../testkit/clock.ts';
import { createPair } from '../testkit/pair.ts';

const service = () => {
  const heard: string[] = [];
  return {
    heard,
    hear: async (what: string) => {
      await new Promise((resolve) => setImmediate(resolve));
      heard.push(what);
    },
  };
};

for (const over of ['greet', 'binary', 'values'] as const)
  it(`tells over ${over}, as the very first message too, when a notification was handled`, async () => {
    const offered = service();
    const { client } = createPair(offered, { over });
    await client.with({ delivery: 'handled' }).notify.hear('first');
    assert.deepEqual(offered.heard, ['first']);
    await client.with({ delivery: 'received' }).notify.hear('second');
    await client.close();
  });

for (const over of ['greet', 'binary', 'values'] as const)
  it(`answers a ping over ${over} as the very first message too`, async () => {
    const { client } = createPair(service(), { over });
    assert.ok((await client.ping()).roundTripMs >= 0);
    await client.close();
  });

it('settles a ping that waits to know the other end when the peer is closed', async () => {
  const { client } = createPair(service(), { over: 'greet' });
  const ping = client.ping();
  await client.close();
  await assert.rejects(ping, { code: 'ERR_CLOSED' });
});

it('refuses to wait for what only another Kindred says, once it is known to be none', async () => {
  const { client } = createPair(service(), { over: 'json-lines' });
  await assert.rejects(
    (client as Peer<ReturnType<typeof service>>).with({ delivery: 'handled' }).notify.hear('x'),
    {
      code: 'ERR_NOT_SUPPORTED',
      outcome: 'not-sent',
    },
  );
  await client.close();
});

describe('a notification that waits', () => {
  /** Nobody finishes with it; and nothing arrives before the test lets it. */
  const pair = () => {
    const clock = createTestClock();
    const line = createTestClock();
    const { client } = createPair(
      { hear: () => new Promise(() => {}) },
      {
        clock: line,
        delayMs: 1,
        client: { clock, watch: createLoopWatch(clock) },
      },
    );
    const close = async (): Promise<void> => {
      void client.close();
      await line.advance(10);
      await clock.advance(10_000);
    };
    return { client, clock, line, close };
  };

  it('for the function gives up when its time is over, or its signal fires: what became of it is unknown', async () => {
    const { client, clock, line, close } = pair();
    const given = new AbortController();
    const patient = client.with({ delivery: 'handled' });
    const late = assert.rejects(patient.with({ timeoutMs: 500 }).notify.hear(), {
      code: 'ERR_TIMEOUT',
      message: /not handled within 500 ms/,
      outcome: 'unknown',
    });
    const cancelled = assert.rejects(patient.with({ signal: given.signal }).notify.hear(), {
      code: 'ERR_CANCELLED',
      outcome: 'unknown',
    });
    await line.advance(10);
    given.abort();
    await cancelled;
    await clock.advance(600);
    await late;
    await close();
  });

  it('to be sent gives up the same way, and is not sent; what stood behind it goes on', async () => {
    const { client, clock, line, close } = pair();
    const given = new AbortController();
    const patient = client.with({ delivery: 'handled' });
    const cancelled = assert.rejects(patient.with({ signal: given.signal }).notify.hear(), {
      code: 'ERR_CANCELLED',
      outcome: 'not-sent',
    });
    const late = assert.rejects(client.with({ timeoutMs: 500 }).notify.hear(), {
      code: 'ERR_TIMEOUT',
      message: /not written within 500 ms/,
      outcome: 'not-sent',
    });
    await clock.advance(600);
    await late;
    const behind = client.notify.hear();
    given.abort();
    await cancelled;
    await behind;
    await line.advance(10);
    await close();
  });
});
