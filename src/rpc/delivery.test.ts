import assert from 'node:assert/strict';
import { it } from 'node:test';
import type { Peer } from '../rpc/peer.ts';
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
