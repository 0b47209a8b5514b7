import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { KindredError } from '../base/errors.ts';
import { createTestClock } from '../testkit/clock.ts';
import { createPair } from '../testkit/pair.ts';
import { defaultLimits } from '../wire/limits.ts';
import { createScopes } from './fixtures/scopes.ts';
import { createStranger } from './fixtures/stranger.ts';
import type { Peer } from './peer.ts';

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
const limits = { ...defaultLimits, maxCalls: 2 };
const never = (_: number): Promise<never> => new Promise(() => {});
const numbers = (to: number): number[] => Array.from({ length: to }, (_, n) => n);

for (const over of ['values', 'binary', 'greet', 'json-lines'] as const)
  describe(`more than can run at a time, over ${over}`, () => {
    for (const kind of ['call', 'notify'] as const)
      it(`is run all the same where each function calls back: ${kind}`, async () => {
        const done: number[] = [];
        const all = Promise.withResolvers<void>();
        const { client } = createPair(
          {},
          {
            over,
            server: {
              limits,
              service: (peer: Peer<unknown>) => ({
                async work(n: number) {
                  done.push(await (peer as Peer<{ back(n: number): number }>).call.back(n));
                  if (done.length === 50) all.resolve();
                },
              }),
            },
            client: { service: { back: (n: number) => n } },
          },
        );
        const { [kind]: face } = client as unknown as Peer<{ work(n: number): void }>;
        await Promise.all([...numbers(50).map((n) => face.work(n)), all.promise]);
        assert.deepEqual(done, numbers(50));
        await client.close();
      });
  });

for (const over of ['values', 'binary', 'greet'] as const)
  describe(`notifications that wait between two Kindreds over ${over}`, () => {
    it('wait at the end that sends them', async () => {
      const { client, server } = createPair({ work: never }, { over, server: { limits } });
      for (const n of numbers(2000)) client.notify.work(n).catch(() => {});
      await turn();
      assert.ok(server.load.running <= 2 + 1024, `${server.load.running} arrived`);
      assert.equal(client.load.waiting + server.load.running, 2000);
      await client.close();
    });

    it('do not wait for word of one that was taken back', async () => {
      const seen: number[] = [];
      const service = { work: (n: number) => void seen.push(n), ok: () => 'ok' };
      const { client } = createPair(service, { over, server: { limits } });
      await client.call.ok();
      const controller = new AbortController();
      const sent = numbers(8).map((n) =>
        (n === 1 ? client.with({ signal: controller.signal }) : client).notify.work(n),
      );
      controller.abort();
      const settled = await Promise.allSettled(sent);
      assert.deepEqual(
        settled.map(({ status }) => status === 'fulfilled'),
        numbers(8).map((n) => n !== 1),
      );
      await client.call.ok();
      assert.deepEqual(seen, [0, 2, 3, 4, 5, 6, 7]);
      await client.close();
    });

    it('take places as calls do where they are to be handled', async () => {
      const { client, server } = createPair({ work: never, ok: () => 'ok' }, { over, server: { limits } });
      await client.call.ok();
      for (const n of numbers(5))
        client
          .with({ delivery: 'handled' })
          .notify.work(n)
          .catch(() => {});
      await turn();
      assert.deepEqual([server.load.running, client.load.waiting], [2, 3]);
      await client.close();
    });

    it('do not keep a cancel from being heard', async () => {
      const scopes = createScopes();
      const { promise: heard, resolve: hear } = Promise.withResolvers<unknown>();
      const service = {
        slow() {
          scopes.current()?.signal.addEventListener('abort', hear);
          return never(0);
        },
        work: never,
      };
      const { client, server } = createPair(service, { over, server: { limits, context: scopes } });
      const controller = new AbortController();
      const slow = client.with({ signal: controller.signal }).call.slow();
      for (const n of numbers(20)) client.notify.work(n).catch(() => {});
      await turn();
      assert.ok(server.load.running > 2);
      controller.abort();
      await assert.rejects(slow, { code: 'ERR_CANCELLED' });
      await heard;
      await client.close();
    });

    it('do not keep the end of the other side from being heard', async () => {
      const { client, server } = createPair({ work: never }, { over, server: { limits } });
      for (const n of numbers(20)) client.notify.work(n).catch(() => {});
      await turn();
      await client.close();
      assert.equal((await server.closed).kind, 'ended');
    });
  });

const request = (id: number): string => `{"jsonrpc":"2.0","id":${id},"method":"work"}`;

describe('a stranger that asks for more than can run', () => {
  it('is read no further until less waits', async () => {
    const gate = Promise.withResolvers<void>();
    const stranger = createStranger({ work: () => gate.promise }, { limits });
    for (const id of numbers(3)) stranger.say(request(id));
    assert.equal(stranger.isRead, true);
    for (const id of [3, 4, 5]) stranger.say(request(id));
    assert.equal(stranger.isRead, false);
    gate.resolve();
    for (const id of numbers(6)) assert.equal(((await stranger.nextLine()) as { id: number }).id, id);
    assert.equal(stranger.isRead, true);
    stranger.end();
  });

  it('is read on as soon as this end waits for its answers', () => {
    const stranger = createStranger({ work: never }, { limits });
    for (const id of numbers(4)) stranger.say(request(id));
    assert.equal(stranger.isRead, false);
    (stranger.peer as Peer<{ ask(): void }>).call.ask().catch(() => {});
    assert.equal(stranger.isRead, true);
    stranger.end();
  });

  it('loses its connection where it is told the limit and nothing else helps', async () => {
    const service = (peer: Peer<unknown>) => ({ work: () => (peer as Peer<{ ask(): void }>).call.ask() });
    const stranger = createStranger(service, { limits: { ...limits, maxWaitingCalls: 10 } });
    for (const id of numbers(13)) stranger.say(request(id));
    const lines = await Promise.all(numbers(3).map(() => stranger.nextLine()));
    const { error } = lines.at(-1) as { error: { message: string } };
    assert.match(error.message, /11 calls and notifications .* maxWaitingCalls \(10\)/);
    stranger.end();
    assert.equal((await stranger.peer.closed).error?.code, 'ERR_LIMIT' satisfies KindredError['code']);
  });
});

it('reads on when nobody wants the stream of a stranger that came too fast', async () => {
  const stranger = createStranger(
    {},
    { dialect: 'json-lines', limits: { ...limits, maxBufferedBytes: 100 } },
  );
  await turn();
  const stream = (stranger.peer as Peer<{ items(): AsyncIterable<string> }>).call.items();
  await stranger.nextLine();
  for (const seq of numbers(4))
    stranger.say(
      `{"jsonrpc":"2.0","method":"$/item","params":{"id":1,"seq":${seq},"value":"${'x'.repeat(50)}"}}`,
    );
  assert.equal(stranger.isRead, false);
  for await (const _ of stream) break;
  assert.deepEqual(await stranger.nextLine(), {
    jsonrpc: '2.0',
    method: '$/cancelRequest',
    params: { id: 1 },
  });
  assert.equal(stranger.isRead, true);
  stranger.end();
});

it('sends its first notifications without a hello, and the rest where none comes', async () => {
  const clock = createTestClock();
  const stranger = createStranger({}, { dialect: 'greet', limits, clock });
  const sent = numbers(10).map((n) => (stranger.peer as Peer<{ log(n: number): void }>).notify.log(n));
  const next = async (): Promise<unknown> => ((await stranger.nextLine()) as { method: string }).method;
  assert.deepEqual([await next(), await next(), await next()], ['$/hello', 'log', 'log']);
  assert.equal(stranger.peer.load.waiting, 8);
  await clock.advance(limits.handshakeMs);
  await Promise.all(sent);
  assert.equal(stranger.peer.load.waiting, 0);
  stranger.end();
});
