import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { createPair } from '../testkit/pair.ts';
import { noOptions } from './call-options.ts';
import type { OwnPeer } from './own-peer.ts';

/** A peer, and a function of the other end that runs until it is let go. */
function stage(): {
  client: OwnPeer;
  server: { close(): Promise<void> };
  invoke: (
    method: string,
    args?: unknown[],
    signal?: AbortSignal,
  ) => { reply: Promise<unknown>; over: Promise<void>; told: () => number };
  begun: Promise<void>;
  letGo: () => void;
} {
  const begun = Promise.withResolvers<void>();
  const end = Promise.withResolvers<void>();
  const { client, server } = createPair({
    add: (a: number, b: number) => a + b,
    async hold() {
      begun.resolve();
      await end.promise;
    },
    async *count() {
      yield 1;
      yield 2;
    },
  });
  const own = client as OwnPeer;
  return {
    client: own,
    server,
    invoke(method, args = [], signal) {
      const { promise: over, resolve } = Promise.withResolvers<void>();
      let told = 0;
      const options = signal === undefined ? noOptions : { signals: [signal] };
      const reply: Promise<unknown> = own.invoke(method, args, options, () => {
        told++;
        resolve();
      });
      reply.catch(() => {});
      return { reply, over, told: () => told };
    },
    begun: begun.promise,
    letGo: end.resolve,
  };
}

describe('whoever makes a call learns once that nothing of it is left', () => {
  it('when it is answered', async () => {
    const { client, invoke } = stage();
    const { reply, over, told } = invoke('add', [1, 2]);
    await over;
    assert.equal(await reply, 3);
    await client.close();
    assert.equal(told(), 1);
  });

  it('when it has failed', async () => {
    const { client, invoke } = stage();
    const { reply, over, told } = invoke('nope');
    await over;
    await assert.rejects(reply, { code: 'ERR_METHOD_NOT_FOUND' });
    await client.close();
    assert.equal(told(), 1);
  });

  it('when the function has settled, where the call was given up before', async () => {
    const { client, invoke, begun, letGo } = stage();
    const giving = new AbortController();
    const { reply, over, told } = invoke('hold', [], giving.signal);
    await begun;
    giving.abort();
    await assert.rejects(reply, { code: 'ERR_CANCELLED', outcome: 'unknown' });
    await client.ping();
    assert.equal(told(), 0);
    letGo();
    await over;
    await client.close();
    assert.equal(told(), 1);
  });

  it('when its stream has ended', async () => {
    const { client, invoke } = stage();
    const { reply, over, told } = invoke('count');
    const stream = (await reply) as AsyncIterable<number>;
    assert.equal(told(), 0);
    for await (const _ of stream);
    await over;
    await client.close();
    assert.equal(told(), 1);
  });

  it('at once, where it is never sent', async () => {
    const { client, invoke } = stage();
    const { reply, told } = invoke('add', [1], AbortSignal.abort());
    assert.equal(told(), 1);
    await assert.rejects(reply, { outcome: 'not-sent' });
    await client.close();
    assert.equal(told(), 1);
  });

  it('when the channel closes, also of one that was given up', async () => {
    const { client, invoke, begun } = stage();
    const giving = new AbortController();
    const first = invoke('hold', [], giving.signal);
    await begun;
    giving.abort();
    const second = invoke('hold');
    await client.close();
    await Promise.all([first.over, second.over]);
    assert.deepEqual([first.told(), second.told()], [1, 1]);
  });
});
