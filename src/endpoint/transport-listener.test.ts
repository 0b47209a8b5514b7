import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { createMemoryBytePair, createMemoryPair } from '../channel/memory.ts';
import type { Transport } from '../channel/transport.ts';
import { connect } from './connect.ts';
import { dial, listen } from './messages.ts';
import { serve } from './serve.ts';
import type { TransportListener } from './transport-listener.ts';

interface Place extends TransportListener {
  /** The end of a new connection. */
  dial(): Transport;
  isClosed: boolean;
  kept: boolean;
}

function createPlace(pair: () => readonly [Transport, Transport] = createMemoryBytePair): Place {
  let accept: ((transport: Transport) => void) | undefined;
  const place: Place = {
    address: 'own:place',
    isClosed: false,
    kept: true,
    start(onTransport) {
      accept = onTransport;
    },
    close() {
      place.isClosed = true;
    },
    ref() {
      place.kept = true;
    },
    unref() {
      place.kept = false;
    },
    dial() {
      const [here, there] = pair();
      accept?.(there);
      return here;
    },
  };
  return place;
}

const service = { add: (a: number, b: number) => a + b };
const pairs = { bytes: createMemoryBytePair, values: createMemoryPair } as const;

for (const [form, pair] of Object.entries(pairs) as [string, () => readonly [Transport, Transport]][])
  describe(`a transport of one's own, of ${form}`, () => {
    it('carries calls where it takes the place of an address', async () => {
      const place = createPlace(pair);
      const server = await serve(place, service);
      assert.equal(server.address, 'own:place');
      const peers = [
        await connect<typeof service>(place.dial()),
        await connect<typeof service>(place.dial()),
      ];
      for (const peer of peers) assert.equal(await peer.call.add(1, 2), 3);
      assert.equal(server.peers.size, 2);
      assert.equal(peers[0]?.kindred, true);
      await server.close();
      assert.equal(place.isClosed, true);
      assert.equal(await server.closed, undefined);
      for (const peer of peers) await peer.closed;
    });

    it('carries calls where one connection is there already', async () => {
      const [near, far] = pair();
      const server = await serve(far, service);
      const peer = await connect<typeof service>(near);
      assert.equal(await peer.call.add(1, 2), 3);
      await peer.close();
      await server.closed;
    });

    it('carries plain messages', async () => {
      const place = createPlace(pair);
      const server = await listen(place, async (channel) => {
        for await (const message of channel) await channel.send({ echo: message });
      });
      const channel = await dial(place.dial());
      await channel.send({ n: 1 });
      for await (const message of channel) {
        assert.deepEqual(message, { echo: { n: 1 } });
        break;
      }
      await channel.close();
      await server.close();
    });
  });

describe("a listener of one's own", () => {
  it('closes at once what connects while maxConnections are open, and takes another when one has gone', async () => {
    const place = createPlace();
    const server = await serve(place, service, { limits: { maxConnections: 1 } });
    const first = await connect<typeof service>(place.dial());
    assert.equal(await first.call.add(1, 2), 3);
    const second = await connect<typeof service>(place.dial());
    await assert.rejects(second.call.add(1, 2), { code: 'ERR_PEER_GONE' });
    await first.close();
    await Promise.all([...server.peers].map((peer) => peer.closed));
    const third = await connect<typeof service>(place.dial());
    assert.equal(await third.call.add(1, 2), 3);
    await third.close();
    await server.close();
  });

  it('closes what connects while it closes', async () => {
    const place = createPlace();
    const server = await serve(place, service);
    const closed = server.close();
    const late = await connect<typeof service>(place.dial());
    await assert.rejects(late.call.add(1, 2), { code: 'ERR_PEER_GONE' });
    await closed;
  });

  it('is told whether it keeps the process alive', async () => {
    const place = createPlace();
    const server = await serve(place, service);
    server.unref();
    assert.equal(place.kept, false);
    server.ref();
    assert.equal(place.kept, true);
    await server.close();
  });

  it('is told from what is no target at all', async () => {
    for (const target of [{}, { form: 'bytes' }, { address: 'x' }, null])
      await assert.rejects(serve(target as never, service), { code: 'ERR_BAD_ARGUMENT' });
  });
});
